/**
 * Loads the compiled part of @node-rs/bcrypt that lies beside a bundle. Stands in for the loader of
 * the package, which looks for the platform in files at each start; the variable is that loader's own.
 */
module.exports = require(
  process.env.NAPI_RS_NATIVE_LIBRARY_PATH ?? `${__dirname}/bcrypt.linux-x64-gnu.node`,
);
