-- recotem-data.sql - people, projects and models for the demo and the benchmarks
--
-- usage: psql -X [-v scale=N] [-v bench=1] -f recotem-data.sql
--
--   scale   number of projects (default: 2000)
--   bench   for measuring assign-owners: N projects, N split and N evaluation configurations, none of them owned, and
--           but for the users nothing else
--
-- Fills the tables of share/sql/recotem/schema.sql, found by search_path, in one transaction; refuses where there are
-- projects already.  The same scale gives the same rows: all is arithmetic on the row's number, nothing is random.
--
-- About half of the projects and 60 % of the configurations have no owner, as in a service that was there before owners
-- were; the rest belong to alice, bob, carol and dora, who cannot log in by password.  No two unowned projects share a
-- name, so one new user can be given all of them.  There is no admin: making one is a command's work.  The files that
-- the rows name do not exist.

\set ON_ERROR_STOP on
\set QUIET on
\encoding UTF8
\if :{?scale}
\else
\set scale 2000
\endif
\if :{?bench}
\else
\set bench 0
\endif

BEGIN;
SET LOCAL TimeZone = 'UTC';

DO $$
BEGIN
    IF EXISTS (SELECT FROM api_project) THEN
        RAISE EXCEPTION 'there are projects already: the demo''s data goes into an empty database only';
    END IF;
END
$$;

-- A number from 0 to sides - 1 that looks thrown but depends on i and the throw alone.  The constants keep the products
-- below 2^63 for i below 10^9.
CREATE FUNCTION pg_temp.mix(x bigint) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN ((x # (x >> 15)) * 1103515245 % 4294967296) >> 16;

CREATE FUNCTION pg_temp.dice(i bigint, throw integer, sides integer) RETURNS integer IMMUTABLE LANGUAGE sql
    RETURN (pg_temp.mix((i + throw * 7368787) * 2654435761 % 4294967296) % sides)::integer;

-- Row i of n: three years of them, in order, some seconds off the beat.
CREATE FUNCTION pg_temp.moment(i bigint, n bigint) RETURNS timestamptz STABLE LANGUAGE sql
    RETURN timestamptz '2023-01-09 07:31:04.118203+00' + interval '26000 hours' / n * i
        + interval '1.370911 s' * pg_temp.dice(i, 1, 50);


--
-- Users, each with a token
--

WITH person (username, first_name, last_name, date_joined, last_login) AS (
    VALUES ('alice', 'Alice', 'Nowak',   '2022-11-02 08:14:51.402917+00'::timestamptz,
                                         '2026-01-08 06:55:12.730164+00'::timestamptz),
           ('bob',   'Bob',   'Ōta',     '2022-11-02 08:16:20.077345+00', '2025-12-19 14:02:37.015588+00'),
           ('carol', 'Carol', 'Müller',  '2023-01-05 13:40:09.951076+00', '2026-01-07 17:21:44.268810+00'),
           ('dora',  'Dora',  'Σταύρου', '2023-01-09 07:12:33.640298+00', NULL)
), new_user AS (
    INSERT INTO auth_user (password, last_login, is_superuser, username, first_name, last_name, email,
                           is_staff, is_active, date_joined)
    SELECT '!' || left(md5('password of ' || username) || md5(username), 40), last_login, false, username, first_name,
           last_name, username || '@example.com', false, true, date_joined
    FROM person
    ORDER BY date_joined
    RETURNING id, username, date_joined
)
INSERT INTO authtoken_token (key, created, user_id)
SELECT left(md5('token of ' || username) || md5(username), 40), date_joined + interval '0.002614 s', id
FROM new_user;

-- alice has the most, dora the least
SELECT array_agg(id ORDER BY weight) AS users
FROM auth_user JOIN unnest(string_to_array('alice alice alice alice bob bob bob carol carol dora', ' '))
                    WITH ORDINALITY AS share (username, weight) USING (username)
\gset


--
-- What can be owned: projects, split configurations, evaluation configurations
--

\if :bench
SELECT :scale AS configs \gset
\else
SELECT (:scale + 1) / 2 AS configs \gset
\endif

-- The lists' lengths (23, 16, 9) have no common factor, so every name differs until all 3312 combinations are used up;
-- from then on a number tells them apart.  No way of writing a name can give what another gives.
INSERT INTO api_project (ins_datetime, name, user_column, item_column, time_column, owner_id, updated_at)
SELECT at,
       CASE i % 5 WHEN 0 THEN subject || ' ' || market || ' / ' || purpose
                  WHEN 1 THEN lower(replace(subject || '-' || market || '-' || purpose, ' ', '-') COLLATE "C")
                  WHEN 2 THEN subject || ' (' || market || ', ' || purpose || ')'
                  WHEN 3 THEN '[' || purpose || '] ' || subject || ' ' || market
                  ELSE market || ': ' || subject || ', ' || purpose
       END || CASE WHEN i > 3312 THEN ' #' || (i - 1) / 3312 + 1 ELSE '' END,
       (ARRAY['user_id', 'userId', 'customer_id', 'member_no', 'uid', 'ユーザーID'])[pg_temp.dice(i, 4, 6) + 1],
       (ARRAY['item_id', 'movieId', 'product_id', 'sku', 'isbn', '商品コード'])[pg_temp.dice(i, 5, 6) + 1],
       (ARRAY['timestamp', 'ordered_at', 'date', NULL])[pg_temp.dice(i, 6, 4) + 1],
       CASE WHEN NOT :bench::boolean AND pg_temp.dice(i, 2, 2) = 1
            THEN (:'users'::integer[])[pg_temp.dice(i, 3, 10) + 1] END,
       at + interval '0.000001 s' * (14 + pg_temp.dice(i, 7, 20))
          + CASE WHEN pg_temp.dice(i, 8, 6) = 0 THEN interval '52 hours 11.804377 s' ELSE interval '0' END
FROM (SELECT i, pg_temp.moment(i, :scale) AS at,
             (ARRAY['Bookshop', 'Films', 'Wine Club', 'Bücher', 'Podcasts', 'Recipe Box', 'Job Board', '書籍',
                    'Games Store', 'Outdoor Gear', 'News Desk', 'Café Crème', 'Online Courses', 'Garden Centre',
                    'Hotel Guide', 'Księgarnia', 'Toys', 'Vinyl', 'Kitchen', '音楽配信', 'Street Food', 'Fan Fiction',
                    'Музыка'])[i % 23 + 1] AS subject,
             (ARRAY['Tokyo', '大阪', 'London', 'Berlin', 'Zürich', 'Lagos', 'São Paulo', 'Lyon', 'Oslo', 'Boston',
                    'Athens', 'Київ', 'Seoul', 'Dublin', 'Madrid', 'Nairobi'])[i % 16 + 1] AS market,
             (ARRAY['production', 'staging', 'pilot', 'A/B test', 'cold start', 'weekly mail', 'app home', 'checkout',
                    'archive'])[i % 9 + 1] AS purpose
      FROM generate_series(1, :scale::bigint) AS i) AS project
ORDER BY i;

-- everyone's first project is the tutorial's
UPDATE api_project SET name = 'MovieLens 100K'
WHERE id IN (SELECT min(id) FROM api_project WHERE owner_id IS NOT NULL GROUP BY owner_id);

INSERT INTO api_splitconfig (ins_datetime, name, scheme, heldout_ratio, n_heldout, test_user_ratio, n_test_users,
                             random_seed, created_by_id, updated_at)
SELECT at,
       CASE WHEN pg_temp.dice(i, 11, 5) >= 2 THEN
           CASE scheme WHEN 'RG' THEN 'random' WHEN 'TG' THEN 'latest of all' ELSE 'latest of each user' END END,
       scheme,
       (ARRAY[0.1, 0.1, 0.2, 0.5])[pg_temp.dice(i, 12, 4) + 1],
       CASE WHEN scheme = 'TU' THEN 1 + pg_temp.dice(i, 13, 5) END,
       (ARRAY[1.0, 1.0, 0.5, 0.25])[pg_temp.dice(i, 14, 4) + 1],
       CASE WHEN pg_temp.dice(i, 15, 8) = 0 THEN 1000 END,
       CASE WHEN pg_temp.dice(i, 16, 3) > 0 THEN 42 ELSE pg_temp.dice(i, 17, 10000) END,
       CASE WHEN NOT :bench::boolean AND pg_temp.dice(i, 18, 5) >= 3
            THEN (:'users'::integer[])[pg_temp.dice(i, 19, 10) + 1] END,
       at + interval '0.000001 s' * (14 + pg_temp.dice(i, 20, 20))
FROM (SELECT i, pg_temp.moment(i, :configs) + interval '3 minutes 7.220519 s' AS at,
             (ARRAY['RG', 'RG', 'TG', 'TU'])[pg_temp.dice(i, 10, 4) + 1] AS scheme
      FROM generate_series(1, :configs::bigint) AS i) AS split
ORDER BY i;

INSERT INTO api_evaluationconfig (ins_datetime, name, cutoff, target_metric, created_by_id, updated_at)
SELECT at,
       CASE WHEN pg_temp.dice(i, 23, 2) = 0 THEN format('%s@%s', upper(target_metric), cutoff) END,
       cutoff,
       target_metric,
       CASE WHEN NOT :bench::boolean AND pg_temp.dice(i, 24, 5) >= 3
            THEN (:'users'::integer[])[pg_temp.dice(i, 25, 10) + 1] END,
       at + interval '0.000001 s' * (14 + pg_temp.dice(i, 26, 20))
FROM (SELECT i, pg_temp.moment(i, :configs) + interval '4 minutes 41.093366 s' AS at,
             (ARRAY[20, 20, 10, 5, 50])[pg_temp.dice(i, 21, 5) + 1] AS cutoff,
             (ARRAY['ndcg', 'ndcg', 'map', 'recall', 'hit'])[pg_temp.dice(i, 22, 5) + 1] AS target_metric
      FROM generate_series(1, :configs::bigint) AS i) AS evaluation
ORDER BY i;


\if :bench
\else
--
-- What hangs on projects: data, tuning jobs, and the models they made
--

-- two projects in three have data, some of these twice
INSERT INTO api_trainingdata (file, filesize, ins_datetime, project_id, updated_at)
SELECT format('_training_data/%s_%s.csv.gz',
              (ARRAY['ratings', 'orders', 'clicks-2023', 'export', '購入履歴'])[pg_temp.dice(i, 31, 5) + 1],
              left(md5(format('%s of project %s', k, i)), 7)),
       180000 + pg_temp.dice(i + k, 32, 60000) * 1013::bigint,
       at, id, at + interval '0.000001 s' * (900 + pg_temp.dice(i, 33, 400))
FROM (SELECT id, row_number() OVER (ORDER BY id) AS i, ins_datetime FROM api_project) AS project,
     generate_series(1, (ARRAY[0, 0, 1, 1, 1, 2])[pg_temp.dice(i, 30, 6) + 1]) AS k,
     LATERAL (SELECT ins_datetime + interval '26 hours 17 minutes 3.518842 s' * k AS at) AS clock
ORDER BY i, k;

INSERT INTO api_itemmetadata (file, filesize, ins_datetime, valid_columns_list_json, project_id, updated_at)
SELECT format('_item_meta_data/items_%s.csv', left(md5(format('items of project %s', i)), 7)),
       9000 + pg_temp.dice(i, 36, 5000) * 97::bigint,
       at,
       (ARRAY['["title", "genre"]', '["title", "price", "category"]', '["タイトル", "著者"]', NULL])
           [pg_temp.dice(i, 37, 4) + 1]::jsonb,
       id, at + interval '0.000001 s' * (700 + pg_temp.dice(i, 38, 300))
FROM (SELECT id, row_number() OVER (ORDER BY id) AS i,
             ins_datetime + interval '27 hours 2 minutes 55.061730 s' AS at FROM api_project) AS project
WHERE pg_temp.dice(i, 35, 4) = 0
ORDER BY i;

-- A completed job has a configuration and a model that it made, so all three ids are drawn first.
CREATE TEMPORARY TABLE demo_job ON COMMIT DROP AS
SELECT job.*,
       nextval(pg_get_serial_sequence('api_parametertuningjob', 'id')) AS job_id,
       CASE status WHEN 'COMPLETED'
                   THEN nextval(pg_get_serial_sequence('api_modelconfiguration', 'id')) END AS config_id,
       CASE status WHEN 'COMPLETED'
                   THEN nextval(pg_get_serial_sequence('api_trainedmodel', 'id')) END AS model_id
FROM (SELECT i, data_id, project_id, at,
             CASE pg_temp.dice(i, 41, 20) WHEN 0 THEN 'PENDING' WHEN 1 THEN 'RUNNING' WHEN 2 THEN 'FAILED'
                                          WHEN 3 THEN 'FAILED' ELSE 'COMPLETED' END AS status,
             (ARRAY['IALSRecommender', 'RP3betaRecommender', 'CosineKNNRecommender', 'TopPopRecommender'])
                 [pg_temp.dice(i, 42, 4) + 1] AS recommender
      FROM (SELECT id AS data_id, project_id, row_number() OVER (ORDER BY id) AS i,
                   ins_datetime + interval '8 minutes 30.447195 s' AS at FROM api_trainingdata) AS data
      WHERE pg_temp.dice(i, 40, 5) > 0
      ORDER BY i) AS job;

INSERT INTO api_modelconfiguration (id, ins_datetime, name, recommender_class_name, parameters_json, project_id,
                                    updated_at)
SELECT config_id, at + interval '41 minutes 8.350027 s', format('Tuning Result of job %s', job_id), recommender,
       CASE recommender
           WHEN 'IALSRecommender' THEN jsonb_build_object(
               'n_components', 16 + pg_temp.dice(i, 43, 240), 'alpha0', (1 + pg_temp.dice(i, 44, 900)) / 1000.0::float8,
               'reg', (1 + pg_temp.dice(i, 45, 90)) / 10000.0::float8, 'train_epochs', 16)
           WHEN 'RP3betaRecommender' THEN jsonb_build_object(
               'top_k', 10 + pg_temp.dice(i, 43, 600), 'alpha', 1, 'beta', pg_temp.dice(i, 44, 1000) / 1000.0::float8,
               'normalize_weight', pg_temp.dice(i, 45, 2) = 1)
           WHEN 'CosineKNNRecommender' THEN jsonb_build_object(
               'top_k', 10 + pg_temp.dice(i, 43, 600), 'shrinkage', pg_temp.dice(i, 44, 1000) / 10.0::float8,
               'normalize', true, 'feature_weighting', 'TF_IDF')
           ELSE '{}'
       END,
       project_id, at + interval '41 minutes 8.350051 s'
FROM demo_job
WHERE status = 'COMPLETED';

INSERT INTO api_trainedmodel (id, file, filesize, ins_datetime, irspack_version, configuration_id, data_loc_id,
                              updated_at)
SELECT model_id, format('trained_models/model-%s.pkl', model_id), 40000 + pg_temp.dice(i, 46, 60000) * 769::bigint,
       at + interval '41 minutes 8.402116 s', '0.4.0', config_id, data_id, at + interval '42 minutes 50.917403 s'
FROM demo_job
WHERE status = 'COMPLETED';

INSERT INTO api_parametertuningjob (id, ins_datetime, n_tasks_parallel, n_trials, memory_budget, timeout_overall,
                                    timeout_singlestep, random_seed, tried_algorithms_json, irspack_version,
                                    train_after_tuning, best_score, best_config_id, data_id, evaluation_id, split_id,
                                    tuned_model_id, status, updated_at)
SELECT job_id, at, 1 + pg_temp.dice(i, 47, 3), (ARRAY[40, 40, 80, 200])[pg_temp.dice(i, 48, 4) + 1], 8000,
       CASE WHEN pg_temp.dice(i, 49, 3) = 0 THEN 3600 END,
       CASE WHEN pg_temp.dice(i, 50, 4) = 0 THEN 300 END,
       CASE WHEN pg_temp.dice(i, 51, 2) = 0 THEN 42 END,
       CASE WHEN pg_temp.dice(i, 52, 3) = 0 THEN
           '["IALSRecommender", "RP3betaRecommender", "CosineKNNRecommender", "TopPopRecommender"]'::jsonb END,
       CASE WHEN status = 'COMPLETED' THEN '0.4.0' END,
       true,
       CASE WHEN status = 'COMPLETED' THEN (500 + pg_temp.dice(i, 53, 60000)) / 100000.0 END,
       config_id, data_id, evaluation.id, split.id, model_id, status,
       at + CASE status WHEN 'COMPLETED' THEN interval '42 minutes 50.921788 s'
                        WHEN 'FAILED' THEN interval '3 minutes 19.006254 s'
                        ELSE interval '0.000022 s' END
FROM demo_job
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM api_evaluationconfig) AS evaluation
        ON evaluation.n = i % :configs + 1
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM api_splitconfig) AS split
        ON split.n = i * 7 % :configs + 1;

-- What people made by hand: a baseline where there is data, not always with a name, not always trained.
WITH baseline AS (
    INSERT INTO api_modelconfiguration (ins_datetime, name, recommender_class_name, parameters_json, project_id,
                                        updated_at)
    SELECT at, CASE WHEN pg_temp.dice(i, 61, 3) > 0 THEN 'popularity baseline' END, 'TopPopRecommender', '{}',
           project_id, at + interval '0.000019 s'
    FROM (SELECT project_id, row_number() OVER (ORDER BY project_id) AS i,
                 min(ins_datetime) + interval '74 hours 5 minutes 28.664903 s' AS at
          FROM api_trainingdata GROUP BY project_id) AS project
    WHERE pg_temp.dice(i, 60, 5) = 0
    ORDER BY i
    RETURNING id, project_id, ins_datetime
), model AS (
    SELECT nextval(pg_get_serial_sequence('api_trainedmodel', 'id')) AS id, configuration_id, data_id, at
    FROM (SELECT baseline.id AS configuration_id, data.id AS data_id, row_number() OVER (ORDER BY baseline.id) AS i,
                 baseline.ins_datetime + interval '2 minutes 12.735508 s' AS at
          FROM baseline
              JOIN (SELECT project_id, min(id) AS id FROM api_trainingdata GROUP BY project_id) AS data
                  USING (project_id)
          ORDER BY i) AS trained
    WHERE pg_temp.dice(i, 62, 4) > 0
)
INSERT INTO api_trainedmodel (id, file, filesize, ins_datetime, irspack_version, configuration_id, data_loc_id,
                              updated_at)
SELECT id, format('trained_models/model-%s.pkl', id), 21000 + pg_temp.dice(id, 63, 4000) * 53::bigint, at, '0.4.0',
       configuration_id, data_id, at + interval '4.180046 s'
FROM model;
\endif

COMMIT;

ANALYZE auth_user, authtoken_token, api_project, api_splitconfig, api_evaluationconfig, api_trainingdata,
        api_itemmetadata, api_modelconfiguration, api_trainedmodel, api_parametertuningjob;
