-- The log grows by whole checkpoints, each going on where the last one stopped.

CREATE TRIGGER log_order BEFORE INSERT ON log
BEGIN
    /*law:log*/
    SELECT RAISE(ABORT, 'law: log')
    WHERE NEW.seq <> 1 + coalesce((SELECT max(seq) FROM log WHERE book_id = NEW.book_id), 0)
       OR NEW.first_leaf <> coalesce((
           SELECT first_leaf + leaves FROM log WHERE book_id = NEW.book_id ORDER BY seq DESC LIMIT 1), 0);
    /*end*/
END;
