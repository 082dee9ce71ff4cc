-- Events that are numbered per book and never rewritten: closing and reopening a
-- period alternate, day events and versions of the configuration have no gaps.

CREATE TRIGGER period_event_order BEFORE INSERT ON period_event
BEGIN
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.seq <> 1 + coalesce((
        SELECT max(seq) FROM period_event
        WHERE book_id = NEW.book_id AND period = NEW.period AND branch = NEW.branch), 0);
    /*end*/
    /*law:period*/
    SELECT RAISE(ABORT, 'law: period')
    WHERE NEW.action = coalesce((
        SELECT action FROM period_event
        WHERE book_id = NEW.book_id AND period = NEW.period AND branch = NEW.branch
        ORDER BY seq DESC LIMIT 1), 'reopen');
    /*end*/
END;

CREATE TRIGGER day_event_order BEFORE INSERT ON day_event
BEGIN
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.seq <> 1 + coalesce((
        SELECT max(seq) FROM day_event WHERE book_id = NEW.book_id AND date = NEW.date), 0);
    /*end*/
END;

CREATE TRIGGER book_config_order BEFORE INSERT ON book_config
BEGIN
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.version <> 1 + coalesce((
        SELECT max(version) FROM book_config WHERE book_id = NEW.book_id), 0);
    /*end*/
END;
