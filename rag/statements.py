"""The SQL of a search, in pieces that rag.candidates puts together.

The plans that PostgreSQL makes of it were looked at with 1,000 to 300,000 passages; bench.search
shows when they have gone wrong.
"""

# PostgreSQL expects a handful of rows where there are thousands, and would join them one by one;
# and it expects that a scope it does not know is the whole table.
PLAN = "set local enable_nestloop = off; set local enable_seqscan = off;"
PLAN_AS_USUAL = "set local enable_nestloop to default; set local enable_seqscan to default"

WHOLE = """
with sets as materialized (select array(select id from ({collections}) c) collections),
"""
NARROWED = """
with sets as materialized (
  select array(select id from ({collections}) c) collections,
         array(select id from ({documents}) d) documents),
"""
# The list decides. The same as literals only tells the planner which of its indexes to use.
BY_COLLECTION = "collection_id = any ((select collections from sets)::uuid[])"
LIKELY = " and collection_id = any (array[{literals}]::uuid[])"
# Where all their rows are read, documents are looked up in an index; a document has thousands of
# postings, so that goes for a few. Of the rows that another index yields they are asked by a hash,
# which "is not false" keeps from becoming a join.
FEW = 10
BY_DOCUMENT = " and document_id = any ((select documents from sets)::uuid[])"
BY_ID = " and id = any ((select documents from sets)::uuid[])"
BY_HASH = " and (document_id in (select unnest(documents) from sets)) is not false"

# How many passages there are is told by some documents, always the same, and by all of a few.
MEASURED = """
docs as materialized (
  select id, greatest(page_count, 1) pages, xmin::text::bigint changed
  from documents_document where {documents}),
few as materialized (select id, pages from docs order by uuid_hash(id), id limit {sampled})
select (select collections from sets), count(*), coalesce(sum(pages), 0),
       (select coalesce(array_agg(id), '{{}}') from few),
       (select sum((select coalesce(max(ordinal) + 1, 0) from documents_chunk
                    where document_id = few.id))::float8 / sum(pages) from few),
       bit_xor(uuid_hash_extended(id, changed)), bit_xor(uuid_hash_extended(id, ~changed))
from docs
"""

# The stems of a word count as that word: one that is rare because few passages are in its language
# would else outweigh all other words.
HITS = """
asked as materialized (select * from unnest(%s::int[], %s::int[]) asked(term, word)),
hit as materialized (
  select term, document_id, chunk_ids, weights, page_numbers, page_weights
  from documents_posting where {worded} and term = any (%s)),
weight as materialized (
  select word,
         ln(greatest(({chunks} + 1) / (sum(cardinality(chunk_ids)) + 0.5), 1))::real idf,
         ln(greatest(({pages} + 1) / (sum(cardinality(page_numbers)) + 0.5), 1))::real page_idf
  from hit join asked using (term) group by word),
idf as materialized (select term, idf, page_idf from asked join weight using (word)),
bm as materialized (
  select id, sum(weight) score
  from (select unnest(chunk_ids) id, unnest(weights) * idf weight from hit join idf using (term)) e
  group by id),
"""

DENSE = """
dense as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = {model} and {within}),
"""
EXACT = """
background as materialized (select avg(cos) mean, count(*) nearest from dense),
worth as materialized (
  (select id from dense order by cos desc, id limit {nearest}) union
  (select id from bm order by score desc, id limit {nearest})),
found as materialized (select id, cos from dense join worth using (id)),
"""

INDEXED = """
near as materialized (
  select chunk_id id from documents_chunkvector
  where embedding_model_id = {model} and {within}
  order by vector::halfvec({dimensions}) <=> %s::halfvec limit {nearest}),
background as materialized (
  select avg(1 - (v.vector <=> %s::halfvec))::float8 mean, (select count(*) from near) nearest
  from unnest(%s::uuid[]) few(id),
       lateral (select vector from documents_chunkvector
                where embedding_model_id = {model} and document_id = few.id limit 3) v),
worth as materialized (
  select id from near union (select id from bm order by score desc, id limit {nearest})),
found as materialized (
  select chunk_id id, (1 - (vector <=> %s::halfvec))::float8 cos from documents_chunkvector
  where embedding_model_id = {model} and chunk_id = any (array(select id from worth))),
"""

WORDED = """
background as materialized (select 0::float8 mean, 0 nearest),
found as materialized (
  select id, 0::float8 cos from bm order by score desc, id limit {nearest}),
"""

CANDIDATES = """
place as materialized (
  select id, document_id, page from documents_chunk where id = any (array(select id from found))),
paged as materialized (
  select document_id, page, sum(weight) score
  from (select document_id, unnest(page_numbers) page, unnest(page_weights) * page_idf weight
        from hit join idf using (term)
        where document_id in (select document_id from place)) e
  group by document_id, page)
select id, place.document_id, place.page, found.cos, coalesce(bm.score, 0)::float8,
       coalesce(paged.score, 0)::float8, (select mean from background),
       (select sum(page_idf) from weight)::float8, (select count(*) from weight),
       (select nearest from background)
from found join place using (id) left join bm using (id)
left join paged on paged.document_id = place.document_id and paged.page = place.page
"""
