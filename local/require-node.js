// Plain JavaScript and old syntax: a Node.js that is too old must be able to read it.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    'Tenantry runs on Node.js 24, this is ' +
      process.version +
      '. ' +
      (process.platform === 'linux' && /^(x64|arm64)$/.test(process.arch)
        ? 'npm ci installs the right one: start with npm start.'
        : 'Install Node.js 24 for ' +
          process.platform +
          '-' +
          process.arch +
          ', then run npm start.'),
  );
  process.exit(1);
}
