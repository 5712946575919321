import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const review = readFileSync(new URL('docs/aws-marketplace-review.md', root), 'utf8');

/** The tests that the page names: file and title. */
const named = [...review.matchAll(/`(test\/[^`]+\.test\.ts)`: ([^|]+) \|/g)].map(
  ([, file = '', title = '']) => [file, title] as const,
);

describe('the page about the review of AWS', () => {
  it('names a test for every point that is not the vendor’s', () => {
    const points = review.split('\n').filter((line) => /^\| [A-Z]/.test(line));
    const open = points.filter((line) => !line.includes('| AWS asks') && !line.includes('*Yours*'));

    expect(points.length).toBeGreaterThan(25);
    expect(open.filter((line) => !/`test\/[^`]+`: \S/.test(line))).toEqual([]);
  });

  it.each(named)('names a test that there is: %s, %s', (file, title) => {
    expect(existsSync(new URL(file, root)), file).toBe(true);
    const text = readFileSync(new URL(file, root), 'utf8');
    expect(text).toMatch(new RegExp(`['"\`]${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`]`));
  });
});
