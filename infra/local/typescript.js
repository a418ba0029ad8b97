// A clone runs from its TypeScript, which tsx reads. `node --import` loads this file before the program.
try {
  await import('tsx');
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write(
    'A clone needs its development dependencies to run: run `npm ci`, without --omit=dev. ' +
      'The package does not: run `npm pack` where they are, and install what it makes.\n',
  );
  process.exit(1);
}
