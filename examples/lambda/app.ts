import { App } from 'aws-cdk-lib';
import { LambdaApp } from './stack.ts';

new LambdaApp(new App(), 'SockethookLambdaApp');
