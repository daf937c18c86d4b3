import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createViews } from '../../server/views/views.ts';
import { documentOf } from '../helpers/html.ts';
import { PAGE_CASES } from '../helpers/page_cases.ts';

const views = createViews('/auth');
const URL_ATTRIBUTES = ['href', 'src', 'action', 'formaction'];

test('of an issuer with a path, the links, forms and files of every page are below it', () => {
  for (const { name, render } of PAGE_CASES) {
    const elements = documentOf({ body: render('en', views) }).querySelectorAll('*');
    const urls = elements.flatMap((element) => URL_ATTRIBUTES.map((one) => element.getAttribute(one) ?? ''));
    const paths = urls.filter((url) => url.startsWith('/'));
    assert.ok(paths.length > 0, name);
    for (const path of paths) assert.match(path, /^\/auth\/(?!auth\/)/, name);
  }
});
