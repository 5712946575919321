import type {
  dashboard,
  getProduct,
  getProductHistory,
  getProductSync,
  listProducts,
  stockDistribution,
  topProducts,
} from '../../shared/products/contract.ts';
import type { AnswerOf, QueryOf } from '../app/http.ts';

export type Product = AnswerOf<typeof getProduct>;
export type ProductQuery = QueryOf<typeof listProducts>;
export type ProductPage = AnswerOf<typeof listProducts>;
export type ProductSummary = ProductPage['items'][number];
export type ProductChange = AnswerOf<typeof getProductHistory>['items'][number];
export type SyncRun = AnswerOf<typeof getProductSync>;
export type TopProduct = AnswerOf<typeof topProducts>['items'][number];
export type Dashboard = AnswerOf<typeof dashboard>;
export type StockDistribution = AnswerOf<typeof stockDistribution>;
