import { awsBasics } from './aws/basics.ts';
import { httpDoor } from './aws/http-door.ts';
import { postUrls } from './gateway/api/post-urls.ts';

/** `POST /urls` */
export const handler = httpDoor(awsBasics(), { 'POST /urls': postUrls });
