import { awsBasics, type Basics } from './aws/basics.ts';
import { apiHandler } from './aws/handlers/api-handler.ts';
import { postUrls } from './gateway/api/post-urls.ts';

/** `POST /urls` */
export const handler = apiHandler<'urls', Basics>(awsBasics(), { 'POST /urls': postUrls });
