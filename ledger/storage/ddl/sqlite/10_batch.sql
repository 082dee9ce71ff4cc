-- The order of batches, and what may be written while one is open.
--
-- Only the newest batch takes rows, and only until it has its seal: two seeks a line. An
-- entry or fact of a sealed batch needs no guard of its own: every number is taken.
-- An unsealed remnant (a writer that committed without sealing) keeps its numbers;
-- the next batch begins behind it, and no view ever shows it.

CREATE TRIGGER batch_order BEFORE INSERT ON batch
BEGIN
    /*law:book*/
    SELECT RAISE(ABORT, 'law: book')
    WHERE NOT EXISTS (SELECT 1 FROM book WHERE book_id = NEW.book_id);
    /*end*/
    /*law:batch*/
    SELECT RAISE(ABORT, 'law: batch')
    WHERE NEW.batch_id <> 1 + coalesce((SELECT max(batch_id) FROM batch WHERE book_id = NEW.book_id), 0)
       OR NEW.first_entry <> coalesce((SELECT first_entry + entries FROM batch WHERE book_id = NEW.book_id ORDER BY batch_id DESC LIMIT 1), 1)
       OR NEW.first_fact <> coalesce((SELECT first_fact + facts FROM batch WHERE book_id = NEW.book_id ORDER BY batch_id DESC LIMIT 1), 1);
    /*end*/
END;

CREATE TRIGGER entry_in_batch BEFORE INSERT ON entry
BEGIN
    /*law:orphan*/
    SELECT RAISE(ABORT, 'law: orphan')
    WHERE NOT coalesce((
        SELECT batch_id = NEW.batch_id AND NEW.entry_id >= first_entry AND NEW.entry_id < first_entry + entries
        FROM batch WHERE book_id = NEW.book_id ORDER BY batch_id DESC LIMIT 1), 0);
    /*end*/
END;

CREATE TRIGGER posting_in_batch BEFORE INSERT ON posting
BEGIN
    /*law:late*/
    SELECT RAISE(ABORT, 'law: late')
    WHERE NEW.entry_id <= (
        SELECT last_entry FROM seal WHERE book_id = NEW.book_id ORDER BY batch_id DESC LIMIT 1);
    /*end*/
    /*law:orphan*/
    SELECT RAISE(ABORT, 'law: orphan')
    WHERE NOT coalesce((
        SELECT NEW.entry_id >= first_entry AND NEW.entry_id < first_entry + entries
        FROM batch WHERE book_id = NEW.book_id ORDER BY batch_id DESC LIMIT 1), 0);
    /*end*/
END;

CREATE TRIGGER fact_in_batch BEFORE INSERT ON fact
BEGIN
    /*law:orphan*/
    SELECT RAISE(ABORT, 'law: orphan')
    WHERE NOT coalesce((
        SELECT batch_id = NEW.batch_id AND NEW.fact_id >= first_fact AND NEW.fact_id < first_fact + facts
        FROM batch WHERE book_id = NEW.book_id ORDER BY batch_id DESC LIMIT 1), 0);
    /*end*/
END;
