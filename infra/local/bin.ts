#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';

const code = await runCommandLine(process.argv.slice(2));
// A gateway that could not start may have left something open.
if (code !== undefined) process.exit(code);
