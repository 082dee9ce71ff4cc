-- The log grows by whole checkpoints, each going on where the last one stopped; what says
-- that it is a batch's comes after the batch. That its batch is all there the seal asks.

-- Hashes do not compress; trying would cost more than writing them.
ALTER TABLE log ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE FUNCTION log_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
DECLARE
    last log%ROWTYPE;
BEGIN
    PERFORM lock_book(NEW.book_id);
    SELECT * INTO last FROM log l WHERE l.book_id = NEW.book_id ORDER BY l.seq DESC LIMIT 1;
    /*law:log*/
    IF NEW.seq <> coalesce(last.seq, 0) + 1 OR NEW.first_leaf <> coalesce(last.first_leaf + last.leaves, 0) THEN
        RAISE EXCEPTION 'law: log: % does not continue %', NEW.seq, coalesce(last.seq, 0);
    END IF;
    /*end*/
    /*law:log*/
    IF NEW.batch_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM batch b WHERE b.book_id = NEW.book_id AND b.batch_id = NEW.batch_id) THEN
        RAISE EXCEPTION 'law: log: no batch %', NEW.batch_id;
    END IF;
    /*end*/
    RETURN NEW;
END $$;

CREATE TRIGGER log_order BEFORE INSERT ON log
FOR EACH ROW EXECUTE FUNCTION log_order();
ALTER TABLE log ENABLE ALWAYS TRIGGER log_order;
