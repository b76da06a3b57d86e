export interface CatalogueEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly en: string;
  readonly zh: string;
}

export const entry = (status: number, retryable: boolean, en: string, zh: string): CatalogueEntry => ({
  status,
  retryable,
  en,
  zh,
});
