import './products.css';
import type { WebFeature } from '../app/feature.ts';
import { productEventWords } from './events.ts';
import { productsPage } from './page.ts';
import { productPage } from './product.ts';

export const products: WebFeature = {
  id: 'products',
  pages: [productsPage, productPage],
  eventWords: productEventWords,
};
