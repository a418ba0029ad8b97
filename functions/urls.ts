import { awsGateway } from './aws/gateway.ts';
import { httpDoor } from './aws/http-door.ts';
import { postUrls } from './gateway/api/post-urls.ts';

/** `POST /urls` */
export const handler = httpDoor(awsGateway(), { 'POST /urls': postUrls });
