-- The bank's side: statements and matches are numbered without gaps, a line belongs to
-- its statement and bank, and no line stands in two matches that are not undone. Set
-- checks once per statement; the book's lock keeps two writers from passing both.

CREATE FUNCTION bank_facts_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
DECLARE
    row_book integer;
    low bigint;
    high bigint;
    n bigint;
    before bigint;
    after bigint;
BEGIN
    FOR row_book IN SELECT DISTINCT book_id FROM added ORDER BY book_id LOOP
        PERFORM lock_book(row_book);
        /*law:isolation*/
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'law: isolation: %', current_setting('transaction_isolation');
        END IF;
        /*end*/
        /*law:book*/
        IF NOT EXISTS (SELECT FROM book b WHERE b.book_id = row_book) THEN
            RAISE EXCEPTION 'law: book: %', row_book;
        END IF;
        /*end*/
        /*law:sequence*/
        EXECUTE format('SELECT min(%1$I), max(%1$I), count(*) FROM added WHERE book_id = $1', TG_ARGV[0])
        INTO low, high, n USING row_book;
        EXECUTE format('SELECT max(%1$I) FROM %2$I WHERE book_id = $1 AND %1$I < $2', TG_ARGV[0], TG_TABLE_NAME)
        INTO before USING row_book, low;
        EXECUTE format('SELECT max(%1$I) FROM %2$I WHERE book_id = $1', TG_ARGV[0], TG_TABLE_NAME)
        INTO after USING row_book;
        IF low <> 1 + coalesce(before, 0) OR high - low + 1 <> n OR after <> high THEN
            RAISE EXCEPTION 'law: sequence: %', TG_TABLE_NAME;
        END IF;
        /*end*/
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER statement_order AFTER INSERT ON statement REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION bank_facts_order('statement_id');
ALTER TABLE statement ENABLE ALWAYS TRIGGER statement_order;

CREATE TRIGGER match_order AFTER INSERT ON match REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION bank_facts_order('match_id');
ALTER TABLE match ENABLE ALWAYS TRIGGER match_order;

CREATE TRIGGER reconciliation_note_order AFTER INSERT ON reconciliation_note REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION bank_facts_order('note_id');
ALTER TABLE reconciliation_note ENABLE ALWAYS TRIGGER reconciliation_note_order;

CREATE FUNCTION statement_line_check() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
DECLARE
    row_book integer;
BEGIN
    FOR row_book IN SELECT DISTINCT book_id FROM added ORDER BY book_id LOOP
        PERFORM lock_book(row_book);
        /*law:orphan*/
        IF EXISTS (
            SELECT FROM added a WHERE a.book_id = row_book AND NOT EXISTS (
                SELECT FROM statement s
                WHERE s.book_id = a.book_id AND s.statement_id = a.statement_id AND s.bank = a.bank)) THEN
            RAISE EXCEPTION 'law: orphan: statement_line';
        END IF;
        /*end*/
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER statement_line_order AFTER INSERT ON statement_line REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION bank_facts_order('line_id');
ALTER TABLE statement_line ENABLE ALWAYS TRIGGER statement_line_order;

CREATE TRIGGER statement_line_check AFTER INSERT ON statement_line REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION statement_line_check();
ALTER TABLE statement_line ENABLE ALWAYS TRIGGER statement_line_check;

CREATE FUNCTION match_undo() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    /*law:undo*/
    IF NEW.undoes IS NOT NULL AND NOT EXISTS (
        SELECT FROM match m
        WHERE m.book_id = NEW.book_id AND m.match_id = NEW.undoes AND m.bank = NEW.bank
          AND coalesce(m.undoes, 0) = 0) THEN
        RAISE EXCEPTION 'law: undo: match %', NEW.undoes;
    END IF;
    /*end*/
    RETURN NEW;
END $$;

CREATE TRIGGER match_undo BEFORE INSERT ON match FOR EACH ROW EXECUTE FUNCTION match_undo();
ALTER TABLE match ENABLE ALWAYS TRIGGER match_undo;

CREATE FUNCTION match_item_check() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
DECLARE
    row_book integer;
    doubled record;
BEGIN
    FOR row_book IN SELECT DISTINCT book_id FROM added ORDER BY book_id LOOP
        PERFORM lock_book(row_book);
    END LOOP;
    /*law:isolation*/
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'law: isolation: %', current_setting('transaction_isolation');
    END IF;
    /*end*/
    -- Nearly every match undoes nothing. Without statistics the planner takes IS NULL for rare and reads
    -- the index of undoes from end to end for each item; coalesce leaves it the primary key.
    /*law:orphan*/
    IF EXISTS (
        SELECT FROM added a WHERE NOT EXISTS (
            SELECT FROM match m
            WHERE m.book_id = a.book_id AND m.match_id = a.match_id AND coalesce(m.undoes, 0) = 0)) THEN
        RAISE EXCEPTION 'law: orphan: match_item';
    END IF;
    /*end*/
    /*law:matched*/
    SELECT i.side, i.ref INTO doubled
    FROM (SELECT DISTINCT book_id, side, ref FROM added) a
    JOIN match_item i ON i.book_id = a.book_id AND i.side = a.side AND i.ref = a.ref
    WHERE NOT EXISTS (SELECT FROM match u WHERE u.book_id = i.book_id AND u.undoes = i.match_id)
    GROUP BY i.book_id, i.side, i.ref HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'law: matched: % %', doubled.side, doubled.ref;
    END IF;
    /*end*/
    RETURN NULL;
END $$;

CREATE TRIGGER match_item_check AFTER INSERT ON match_item REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION match_item_check();
ALTER TABLE match_item ENABLE ALWAYS TRIGGER match_item_check;
