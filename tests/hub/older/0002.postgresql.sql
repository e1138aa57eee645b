CREATE TABLE deadlines (
    class_name character varying(255) NOT NULL,
    lab character varying(120) NOT NULL,
    due double precision NOT NULL,
    set_by character varying(255) NOT NULL
);
CREATE TABLE handins (
    number bigint NOT NULL,
    learner character varying(255) NOT NULL,
    lab character varying(120) NOT NULL,
    received double precision NOT NULL,
    digest character varying(64) NOT NULL,
    size integer NOT NULL,
    notebook bytea NOT NULL
);
CREATE SEQUENCE handins_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE handins_number_seq OWNED BY handins.number;
CREATE TABLE parallab_class_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE questions (
    number bigint NOT NULL,
    learner character varying(255) NOT NULL,
    lab character varying(120) NOT NULL,
    step character varying(120) NOT NULL,
    text text NOT NULL,
    asked double precision NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    answered_by character varying(255) DEFAULT ''::character varying NOT NULL,
    answered double precision,
    over boolean DEFAULT false NOT NULL
);
CREATE SEQUENCE questions_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE questions_number_seq OWNED BY questions.number;
CREATE TABLE rechecks (
    learner character varying(255) NOT NULL,
    lab character varying(120) NOT NULL,
    digest character varying(64) NOT NULL,
    checked double precision NOT NULL,
    data text NOT NULL
);
CREATE TABLE reports (
    number bigint NOT NULL,
    learner character varying(255) NOT NULL,
    id character varying(32) NOT NULL,
    happened double precision NOT NULL,
    received double precision NOT NULL,
    data text NOT NULL
);
CREATE SEQUENCE reports_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE reports_number_seq OWNED BY reports.number;
CREATE TABLE rulings (
    learner character varying(255) NOT NULL,
    lab character varying(120) NOT NULL,
    excused boolean NOT NULL,
    score double precision,
    reason text NOT NULL,
    ruled_by character varying(255) NOT NULL,
    ruled double precision NOT NULL
);
CREATE TABLE wanted_rechecks (
    class_name character varying(255) NOT NULL,
    lab character varying(120) NOT NULL,
    wanted_by character varying(255) NOT NULL,
    wanted double precision NOT NULL
);
ALTER TABLE ONLY handins ALTER COLUMN number SET DEFAULT nextval('handins_number_seq'::regclass);
ALTER TABLE ONLY questions ALTER COLUMN number SET DEFAULT nextval('questions_number_seq'::regclass);
ALTER TABLE ONLY reports ALTER COLUMN number SET DEFAULT nextval('reports_number_seq'::regclass);
INSERT INTO deadlines VALUES ('*', 'L04', 1700100000, 'teach');
INSERT INTO handins VALUES (1, 'ada', 'L04', 1700000170, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 13, '\x7b2263656c6c73223a205b5d7d');
INSERT INTO handins VALUES (2, 'bob', 'L04', 1700000171, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 14, '\x00ff206e6f206e6f7465626f6f6b');
INSERT INTO parallab_class_version VALUES ('0002');
INSERT INTO questions VALUES (1, 'bob', 'L04', 'four-at-once', 'It hangs. 你好 \ '' " ; --', 1700000130, '', '', NULL, false);
INSERT INTO questions VALUES (2, 'cy', 'L04', 'initialise', 'Is this right?', 1700000140, 'Yes, quite.', 'teach', 1700000160, false);
INSERT INTO rechecks VALUES ('ada', 'L04', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1700000190, '{"schema":1,"name":"ada","digest":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","asked":"x","lab":"L04","outcome":"passed","reason":"","passed":1,"counted":1,"hangs":[],"report":{"schema":1,"lab":"L04","version":1,"python":"3.11.7","start_method":"fork","skipped":[],"steps":[{"step":"four-at-once","kind":"code","verdict":"passed","counts":true,"assisted":null,"not_recorded":[],"goals":[]}]},"rechecked":true,"at":1700000190.0,"seconds":0.0,"sandbox":"bubblewrap","memory_limit":"","parallab":"0","python":"3.11.7","host":"h"}');
INSERT INTO reports VALUES (1, 'ada', '00000000000000000000000000000001', 1700000000, 1700000001, '{"id":"00000000000000000000000000000001","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"judged","verdict":"failed","counts":true,"assisted":false,"late":false,"level":0,"mistakes":[{"id":"start-join","sentence":"It waits for each worker before it starts the next."}],"message":""}');
INSERT INTO reports VALUES (2, 'ada', '00000000000000000000000000000002', 1700000060, 1700000061, '{"id":"00000000000000000000000000000002","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"hint","verdict":null,"counts":true,"assisted":false,"late":false,"level":1,"mistakes":[],"message":""}');
INSERT INTO reports VALUES (3, 'ada', '00000000000000000000000000000003', 1700000120, 1700000121, '{"id":"00000000000000000000000000000003","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"judged","verdict":"passed","counts":true,"assisted":true,"late":false,"level":0,"mistakes":[],"message":""}');
INSERT INTO reports VALUES (4, 'bob', '00000000000000000000000000000004', 1700000130, 1700000131, '{"id":"00000000000000000000000000000004","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"help","verdict":null,"counts":true,"assisted":false,"late":false,"level":0,"mistakes":[],"message":"It hangs. 你好 \\ '' \" ; --"}');
INSERT INTO reports VALUES (5, 'bob', '00000000000000000000000000000005', 1700000131, 1700000132, '{"id":"00000000000000000000000000000005","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"solution","verdict":null,"counts":true,"assisted":false,"late":false,"level":0,"mistakes":[],"message":""}');
INSERT INTO reports VALUES (6, 'cy', '00000000000000000000000000000006', 1700000140, 1700000141, '{"id":"00000000000000000000000000000006","age":1.5,"lab":"L04","step":"initialise","version":1,"kind":"help","verdict":null,"counts":true,"assisted":false,"late":false,"level":0,"mistakes":[],"message":"Is this right?"}');
INSERT INTO reports VALUES (7, 'cy', '00000000000000000000000000000007', 1700000150, 1700000151, '{"id":"00000000000000000000000000000007","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"kind-of-later","verdict":null,"counts":true,"assisted":false,"late":true,"level":0,"mistakes":[],"message":""}');
INSERT INTO rulings VALUES ('bob', 'L04', true, NULL, 'ill', 'teach', 1700000180);
INSERT INTO rulings VALUES ('ada', 'L05', false, 0.75, 'told me herself', 'teach', 1700000181);
INSERT INTO wanted_rechecks VALUES ('*', 'L04', 'teach', 1700000200);
SELECT pg_catalog.setval('handins_number_seq', 2, true);
SELECT pg_catalog.setval('questions_number_seq', 2, true);
SELECT pg_catalog.setval('reports_number_seq', 7, true);
ALTER TABLE ONLY deadlines
    ADD CONSTRAINT deadlines_pkey PRIMARY KEY (class_name, lab);
ALTER TABLE ONLY reports
    ADD CONSTRAINT each_once UNIQUE (learner, id);
ALTER TABLE ONLY handins
    ADD CONSTRAINT handins_pkey PRIMARY KEY (number);
ALTER TABLE ONLY parallab_class_version
    ADD CONSTRAINT parallab_class_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY questions
    ADD CONSTRAINT questions_pkey PRIMARY KEY (number);
ALTER TABLE ONLY rechecks
    ADD CONSTRAINT rechecks_pkey PRIMARY KEY (learner, lab);
ALTER TABLE ONLY reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (number);
ALTER TABLE ONLY rulings
    ADD CONSTRAINT rulings_pkey PRIMARY KEY (learner, lab);
ALTER TABLE ONLY wanted_rechecks
    ADD CONSTRAINT wanted_rechecks_pkey PRIMARY KEY (class_name, lab);
CREATE INDEX handins_of ON handins USING btree (learner, lab);
CREATE INDEX open_questions ON questions USING btree (over, learner);
