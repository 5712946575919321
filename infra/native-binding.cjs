/**
 * Loads the compiled part of bcrypt that lies beside a bundle, for the processor at hand. Stands in
 * for node-gyp-build in the bundles, which would look through folders for it.
 */
module.exports = () => require(`${__dirname}/bcrypt/linux-${process.arch}.node`);
