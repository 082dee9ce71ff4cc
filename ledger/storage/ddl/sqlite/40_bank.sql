-- The bank's side: statements and matches are numbered without gaps, a line belongs to
-- its statement and bank, and no line stands in two matches that are not undone.

CREATE TRIGGER statement_order BEFORE INSERT ON statement
BEGIN
    /*law:book*/
    SELECT RAISE(ABORT, 'law: book')
    WHERE NOT EXISTS (SELECT 1 FROM book WHERE book_id = NEW.book_id);
    /*end*/
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.statement_id <> 1 + coalesce((
        SELECT max(statement_id) FROM statement WHERE book_id = NEW.book_id), 0);
    /*end*/
END;

CREATE TRIGGER statement_line_order BEFORE INSERT ON statement_line
BEGIN
    /*law:orphan*/
    SELECT RAISE(ABORT, 'law: orphan')
    WHERE NOT EXISTS (
        SELECT 1 FROM statement
        WHERE book_id = NEW.book_id AND statement_id = NEW.statement_id AND bank = NEW.bank);
    /*end*/
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.line_id <> 1 + coalesce((
        SELECT max(line_id) FROM statement_line WHERE book_id = NEW.book_id), 0);
    /*end*/
END;

CREATE TRIGGER match_order BEFORE INSERT ON match
BEGIN
    /*law:book*/
    SELECT RAISE(ABORT, 'law: book')
    WHERE NOT EXISTS (SELECT 1 FROM book WHERE book_id = NEW.book_id);
    /*end*/
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.match_id <> 1 + coalesce((
        SELECT max(match_id) FROM match WHERE book_id = NEW.book_id), 0);
    /*end*/
    /*law:undo*/
    SELECT RAISE(ABORT, 'law: undo')
    WHERE NEW.undoes IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM match
        WHERE book_id = NEW.book_id AND match_id = NEW.undoes AND bank = NEW.bank
          AND undoes IS NULL);
    /*end*/
END;

CREATE TRIGGER match_item_order BEFORE INSERT ON match_item
BEGIN
    /*law:orphan*/
    SELECT RAISE(ABORT, 'law: orphan')
    WHERE NOT EXISTS (
        SELECT 1 FROM match
        WHERE book_id = NEW.book_id AND match_id = NEW.match_id AND undoes IS NULL);
    /*end*/
    /*law:matched*/
    SELECT RAISE(ABORT, 'law: matched')
    FROM match_item i
    WHERE i.book_id = NEW.book_id AND i.side = NEW.side AND i.ref = NEW.ref
      AND NOT EXISTS (
        SELECT 1 FROM match u WHERE u.book_id = i.book_id AND u.undoes = i.match_id);
    /*end*/
END;

CREATE TRIGGER reconciliation_note_order BEFORE INSERT ON reconciliation_note
BEGIN
    /*law:book*/
    SELECT RAISE(ABORT, 'law: book')
    WHERE NOT EXISTS (SELECT 1 FROM book WHERE book_id = NEW.book_id);
    /*end*/
    /*law:sequence*/
    SELECT RAISE(ABORT, 'law: sequence')
    WHERE NEW.note_id <> 1 + coalesce((
        SELECT max(note_id) FROM reconciliation_note WHERE book_id = NEW.book_id), 0);
    /*end*/
END;
