-- Events that are numbered per book and never rewritten: closing and reopening a
-- period alternate, day events and versions of the configuration have no gaps. They
-- take the book's lock, so that no batch is sealed into a period being closed.

CREATE FUNCTION period_event_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM lock_book(NEW.book_id);
    /*law:sequence*/
    IF NEW.seq <> 1 + coalesce((SELECT max(seq) FROM period_event
                                WHERE book_id = NEW.book_id AND period = NEW.period
                                  AND branch = NEW.branch), 0) THEN
        RAISE EXCEPTION 'law: sequence: period % event %', NEW.period, NEW.seq;
    END IF;
    /*end*/
    /*law:period*/
    IF NEW.action = coalesce((SELECT action FROM period_event
                              WHERE book_id = NEW.book_id AND period = NEW.period AND branch = NEW.branch
                              ORDER BY seq DESC LIMIT 1), 'reopen') THEN
        RAISE EXCEPTION 'law: period: % twice for %', NEW.action, NEW.period;
    END IF;
    /*end*/
    RETURN NEW;
END $$;

CREATE FUNCTION day_event_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM lock_book(NEW.book_id);
    /*law:sequence*/
    IF NEW.seq <> 1 + coalesce((SELECT max(seq) FROM day_event
                                WHERE book_id = NEW.book_id AND date = NEW.date), 0) THEN
        RAISE EXCEPTION 'law: sequence: day % event %', NEW.date, NEW.seq;
    END IF;
    /*end*/
    RETURN NEW;
END $$;

CREATE FUNCTION book_config_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM lock_book(NEW.book_id);
    /*law:sequence*/
    IF NEW.version <> 1 + coalesce((SELECT max(version) FROM book_config
                                    WHERE book_id = NEW.book_id), 0) THEN
        RAISE EXCEPTION 'law: sequence: configuration %', NEW.version;
    END IF;
    /*end*/
    RETURN NEW;
END $$;

CREATE FUNCTION account_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp AS $$
BEGIN
    PERFORM lock_book(NEW.book_id);
    RETURN NEW;
END $$;

CREATE TRIGGER period_event_order BEFORE INSERT ON period_event
FOR EACH ROW EXECUTE FUNCTION period_event_order();
ALTER TABLE period_event ENABLE ALWAYS TRIGGER period_event_order;

CREATE TRIGGER day_event_order BEFORE INSERT ON day_event
FOR EACH ROW EXECUTE FUNCTION day_event_order();
ALTER TABLE day_event ENABLE ALWAYS TRIGGER day_event_order;

CREATE TRIGGER book_config_order BEFORE INSERT ON book_config
FOR EACH ROW EXECUTE FUNCTION book_config_order();
ALTER TABLE book_config ENABLE ALWAYS TRIGGER book_config_order;

CREATE TRIGGER account_close_order BEFORE INSERT ON account_close
FOR EACH ROW EXECUTE FUNCTION account_order();
ALTER TABLE account_close ENABLE ALWAYS TRIGGER account_close_order;
