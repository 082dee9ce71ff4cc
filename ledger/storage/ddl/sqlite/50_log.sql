-- The log grows by whole checkpoints, each going on where the last one stopped; what says
-- that it is a batch's comes after the batch. That its batch is all there the seal asks.

CREATE TRIGGER log_order BEFORE INSERT ON log
BEGIN
    /*law:log*/
    SELECT RAISE(ABORT, 'law: log')
    WHERE NEW.seq <> 1 + coalesce((SELECT max(seq) FROM log WHERE book_id = NEW.book_id), 0)
       OR NEW.first_leaf <> coalesce((
           SELECT first_leaf + leaves FROM log WHERE book_id = NEW.book_id ORDER BY seq DESC LIMIT 1), 0);
    /*end*/
    /*law:log*/
    SELECT RAISE(ABORT, 'law: log')
    WHERE NEW.batch_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM batch WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id);
    /*end*/
END;
