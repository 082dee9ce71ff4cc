-- The order of batches, and what may be written while one is open.
--
-- Functions run as their owner with a fixed search path; nobody else may use them in
-- a trigger of his own (20_seal revokes EXECUTE), so they speak only for these tables.

-- The transaction that owns a batch: its rows come from there and from nowhere else.
ALTER TABLE batch ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION lock_book(book_id integer) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(1297368683, $1)
$$;

CREATE FUNCTION batch_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
DECLARE
    last batch%ROWTYPE;
BEGIN
    PERFORM lock_book(NEW.book_id);
    /*law:isolation*/
    -- An older snapshot would not see what was committed while we waited for the lock.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'law: isolation: %', current_setting('transaction_isolation');
    END IF;
    /*end*/
    /*law:book*/
    IF NOT EXISTS (SELECT FROM book b WHERE b.book_id = NEW.book_id) THEN
        RAISE EXCEPTION 'law: book: %', NEW.book_id;
    END IF;
    /*end*/
    NEW.xid := pg_current_xact_id();
    SELECT * INTO last FROM batch b
    WHERE b.book_id = NEW.book_id ORDER BY b.batch_id DESC LIMIT 1;
    /*law:batch*/
    IF NEW.batch_id <> coalesce(last.batch_id, 0) + 1
       OR NEW.first_entry <> coalesce(last.first_entry + last.entries, 1)
       OR NEW.first_fact <> coalesce(last.first_fact + last.facts, 1) THEN
        RAISE EXCEPTION 'law: batch: % does not continue %', NEW.batch_id, coalesce(last.batch_id, 0);
    END IF;
    /*end*/
    RETURN NEW;
END $$;

CREATE TRIGGER batch_order BEFORE INSERT ON batch
FOR EACH ROW EXECUTE FUNCTION batch_order();
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_order;

-- All new rows of one statement lie inside one batch that is this transaction's own and
-- has no seal yet. Its seal's existence is what keeps a line out after
-- SET CONSTRAINTS ALL IMMEDIATE.
CREATE FUNCTION check_fresh(book bigint, books bigint, low bigint, high bigint, own bigint, owns bigint, what text)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, meterbook, pg_temp AS $$
DECLARE
    home batch%ROWTYPE;
BEGIN
    IF low IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO home FROM batch b
    WHERE b.book_id = book
      AND CASE what WHEN 'fact' THEN b.first_fact ELSE b.first_entry END <= low
    ORDER BY b.batch_id DESC LIMIT 1;
    /*law:orphan*/
    IF home.batch_id IS NULL OR book <> books OR own <> owns OR own <> home.batch_id
       OR high >= (CASE what WHEN 'fact' THEN home.first_fact + home.facts
                   ELSE home.first_entry + home.entries END) THEN
        RAISE EXCEPTION 'law: orphan: % % to %', what, low, high;
    END IF;
    /*end*/
    /*law:late*/
    IF home.xid <> pg_current_xact_id() OR EXISTS (
        SELECT FROM seal s WHERE s.book_id = book AND s.batch_id = home.batch_id) THEN
        RAISE EXCEPTION 'law: late: % % to %, batch %', what, low, high, home.batch_id;
    END IF;
    /*end*/
END $$;

CREATE FUNCTION entry_in_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM check_fresh(min(book_id), max(book_id), min(entry_id), max(entry_id), min(batch_id), max(batch_id), 'entry')
    FROM fresh;
    RETURN NULL;
END $$;

CREATE FUNCTION posting_in_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM check_fresh(min(book_id), max(book_id), min(entry_id), max(entry_id), NULL, NULL, 'line')
    FROM fresh;
    RETURN NULL;
END $$;

CREATE FUNCTION fact_in_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM check_fresh(min(book_id), max(book_id), min(fact_id), max(fact_id), min(batch_id), max(batch_id), 'fact')
    FROM fresh;
    RETURN NULL;
END $$;

CREATE TRIGGER entry_in_batch AFTER INSERT ON entry REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION entry_in_batch();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_in_batch;

CREATE TRIGGER posting_in_batch AFTER INSERT ON posting REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION posting_in_batch();
ALTER TABLE posting ENABLE ALWAYS TRIGGER posting_in_batch;

CREATE TRIGGER fact_in_batch AFTER INSERT ON fact REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION fact_in_batch();
ALTER TABLE fact ENABLE ALWAYS TRIGGER fact_in_batch;
