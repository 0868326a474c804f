// s3rver ends when two uploads of one name meet, which those do that were asked again while it stood still. No S3 does.
process.on('uncaughtException', (error) => {
  if (error.code === 'ENOENT' && error.path?.endsWith('._S3rver_object')) return;
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
