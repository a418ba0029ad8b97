import { awsBasics } from './aws/basics.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { postUrls } from './gateway/api/post-urls.ts';

/** `POST /urls` */
export const handler = apiHandler(awsBasics(), { 'POST /urls': postUrls });
