// Plain JavaScript and old syntax: a Node.js that is too old must be able to read it.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `Tenantry runs on Node.js 24, this is ${process.version}. npm ci installs the right one: start with npm start.`,
  );
  process.exit(1);
}
