"""One OpenAPI 3.1 document of everything under /api/v1/, of DRF's doors and of ninja's."""
