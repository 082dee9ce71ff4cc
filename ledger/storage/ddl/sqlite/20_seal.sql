-- The seal: one row, written last, that makes a batch visible. Before it goes in, the
-- batch is held to every law in sets: one pass over entries with their lines, one over
-- the balances, one over voucher numbers. RAISE takes only a literal before SQLite
-- 3.47, so a refusal names its law and no more.

CREATE TABLE projected (
    book_id INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    PRIMARY KEY (book_id, batch_id)
) STRICT, WITHOUT ROWID;
-- 'The projections of this batch are complete': written by the seal after the last of
-- them, so that from then on nobody adds to balance_delta or voucher_mark by hand.

CREATE TRIGGER projected_no_update BEFORE UPDATE ON projected
BEGIN SELECT RAISE(ABORT, 'law: immutable'); END;

CREATE TRIGGER projected_no_delete BEFORE DELETE ON projected
BEGIN SELECT RAISE(ABORT, 'law: immutable'); END;

CREATE TRIGGER projected_by_seal BEFORE INSERT ON projected
BEGIN
    SELECT RAISE(ABORT, 'law: privilege')
    WHERE NOT EXISTS (SELECT 1 FROM seal WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
       OR EXISTS (SELECT 1 FROM projected WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id);
END;

CREATE TRIGGER voucher_mark_by_seal BEFORE INSERT ON voucher_mark
BEGIN
    SELECT RAISE(ABORT, 'law: privilege')
    WHERE NOT EXISTS (SELECT 1 FROM seal WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
       OR EXISTS (SELECT 1 FROM projected WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id);
END;

CREATE TRIGGER balance_delta_by_seal BEFORE INSERT ON balance_delta
BEGIN
    SELECT RAISE(ABORT, 'law: privilege')
    WHERE NOT EXISTS (SELECT 1 FROM seal WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
       OR EXISTS (SELECT 1 FROM projected WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id);
END;

CREATE TRIGGER seal_laws BEFORE INSERT ON seal
BEGIN
    -- The seal itself continues the last one and says what its batch says.
    /*law:batch*/
    SELECT RAISE(ABORT, 'law: batch')
    WHERE NOT EXISTS (
        SELECT 1 FROM batch b
        WHERE b.book_id = NEW.book_id AND b.batch_id = NEW.batch_id
          AND NEW.last_entry = b.first_entry + b.entries - 1
          AND NEW.last_fact = b.first_fact + b.facts - 1)
       OR NEW.seq <> 1 + coalesce((SELECT max(seq) FROM seal WHERE book_id = NEW.book_id), 0)
       OR NEW.batch_id <= (SELECT max(batch_id) FROM seal WHERE book_id = NEW.book_id);
    /*end*/

    -- Entries with their lines, in order of the primary key.
    SELECT CASE
        /*law:lines*/
        WHEN x.malformed > 0 THEN RAISE(ABORT, 'law: lines')
        /*end*/
        /*law:unbalanced*/
        WHEN x.unbalanced > 0 THEN RAISE(ABORT, 'law: unbalanced')
        /*end*/
        /*law:date*/
        WHEN x.misdated > 0 THEN RAISE(ABORT, 'law: date')
        /*end*/
        /*law:cutover*/
        WHEN x.too_early > 0 THEN RAISE(ABORT, 'law: cutover')
        /*end*/
        /*law:cutover*/
        WHEN x.opening > 0 AND EXISTS (
            SELECT 1 FROM entry o
            WHERE o.book_id = NEW.book_id AND o.event <> 'E01' AND o.batch_id = (
                SELECT s.batch_id FROM seal s JOIN batch t USING (book_id, batch_id)
                WHERE s.book_id = NEW.book_id AND t.entries > 0
                ORDER BY s.batch_id DESC LIMIT 1)
              AND o.entry_id >= (SELECT first_entry FROM batch t WHERE t.book_id = o.book_id AND t.batch_id = o.batch_id)
              AND o.entry_id <= (SELECT last_entry FROM seal s WHERE s.book_id = o.book_id AND s.batch_id = o.batch_id)
        ) THEN RAISE(ABORT, 'law: cutover')
        /*end*/
        /*law:batch*/
        WHEN x.entries <> b.entries OR x.lines <> b.lines THEN RAISE(ABORT, 'law: batch')
        /*end*/
        ELSE 0
    END
    FROM batch b, (
        SELECT count(*) AS entries,
               coalesce(sum(n), 0) AS lines,
               coalesce(sum(n < 2 OR n <> lines OR low <> 1 OR high <> n), 0) AS malformed,
               coalesce(sum(difference <> 0), 0) AS unbalanced,
               coalesce(sum(period <> substr(date, 1, 7) OR earliest <> date OR latest <> date), 0) AS misdated,
               coalesce(sum(CASE WHEN event = 'E01' THEN date <> cutover ELSE date <= cutover END), 0) AS too_early,
               coalesce(sum(event = 'E01'), 0) AS opening
        FROM (
            SELECT e.lines AS lines, e.date AS date, e.period AS period, e.event AS event,
                   count(p.line) AS n, min(p.line) AS low, max(p.line) AS high,
                   sum(p.debit - p.credit) AS difference,
                   min(p.date) AS earliest, max(p.date) AS latest
            FROM entry e LEFT JOIN posting p ON p.book_id = e.book_id AND p.entry_id = e.entry_id
            WHERE e.book_id = NEW.book_id
              AND e.entry_id >= (SELECT first_entry FROM batch WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
              AND e.entry_id <= NEW.last_entry
            GROUP BY e.entry_id
        ), (SELECT cutover FROM book WHERE book_id = NEW.book_id)
    ) x
    WHERE b.book_id = NEW.book_id AND b.batch_id = NEW.batch_id;

    /*law:batch*/
    SELECT RAISE(ABORT, 'law: batch')
    FROM batch b
    WHERE b.book_id = NEW.book_id AND b.batch_id = NEW.batch_id
      AND b.facts <> (SELECT count(*) FROM fact f
                      WHERE f.book_id = b.book_id AND f.fact_id >= b.first_fact AND f.fact_id <= NEW.last_fact);
    /*end*/

    -- Every entry and fact, and the batch itself, has its leaf in the log.
    /*law:log*/
    SELECT RAISE(ABORT, 'law: log')
    FROM batch b
    WHERE b.book_id = NEW.book_id AND b.batch_id = NEW.batch_id
      AND NOT EXISTS (SELECT 1 FROM log l
                      WHERE l.book_id = b.book_id AND l.batch_id = b.batch_id AND l.leaves = b.entries + b.facts + 1);
    /*end*/
END;

CREATE TRIGGER seal_projections AFTER INSERT ON seal
BEGIN
    -- One group is one key of balance_delta; what every line of it must have is counted.
    INSERT INTO balance_delta
        (book_id, batch_id, date, account, branch, bank, cashier, fund, item, debit, credit)
    SELECT NEW.book_id, NEW.batch_id, g.date, g.account,
           coalesce(g.branch, ''), coalesce(g.bank, ''), coalesce(g.cashier, ''),
           coalesce(g.fund, ''), coalesce(g.item, ''),
           CASE
               /*law:account*/
               WHEN a.account IS NULL OR c.closed_on <= g.date THEN RAISE(ABORT, 'law: account')
               /*end*/
               /*law:period*/
               WHEN g.branch IS NOT NULL AND 'close' = (
                   SELECT action FROM period_event pe
                   WHERE pe.book_id = NEW.book_id AND pe.period = substr(g.date, 1, 7) AND pe.branch = g.branch
                   ORDER BY seq DESC LIMIT 1) THEN RAISE(ABORT, 'law: period')
               /*end*/
               /*law:dimension*/
               WHEN (a.required & 1 <> 0 AND g.branch IS NULL)
                 OR (a.required & 2 <> 0 AND g.bank IS NULL)
                 OR (a.required & 4 <> 0 AND g.cashier IS NULL)
                 OR (a.required & 8 <> 0 AND g.customers < g.n)
                 OR (a.required & 16 <> 0 AND g.bill_months < g.n)
                 OR (a.required & 32 <> 0 AND g.fund IS NULL)
                 OR (a.required & 64 <> 0 AND g.item IS NULL)
                 OR (a.required & 128 <> 0 AND g.staffs < g.n)
                 OR (a.required & 256 <> 0 AND g.documents < g.n)
                 OR (a.required & 512 <> 0 AND g.parties < g.n) THEN RAISE(ABORT, 'law: dimension')
               /*end*/
               ELSE g.debit
           END,
           g.credit
    FROM (
        SELECT date, account, branch, bank, cashier, fund, item,
               count(*) AS n, count(customer) AS customers, count(bill_month) AS bill_months,
               count(staff) AS staffs, count(document) AS documents,
               count(coalesce(staff, customer)) AS parties,
               sum(debit) AS debit, sum(credit) AS credit
        FROM posting
        WHERE book_id = NEW.book_id
          AND entry_id >= (SELECT first_entry FROM batch WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
          AND entry_id <= NEW.last_entry
        GROUP BY date, account, branch, bank, cashier, fund, item
    ) g
    LEFT JOIN account a ON a.book_id = NEW.book_id AND a.account = g.account
    LEFT JOIN account_close c ON c.book_id = NEW.book_id AND c.account = g.account;

    /*law:batch*/
    SELECT RAISE(ABORT, 'law: batch')
    FROM batch b, (
        SELECT coalesce(sum(debit), 0) AS debit, coalesce(sum(credit), 0) AS credit
        FROM balance_delta WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id) d
    WHERE b.book_id = NEW.book_id AND b.batch_id = NEW.batch_id
      AND (b.debit <> d.debit OR b.credit <> d.credit);
    /*end*/

    -- Voucher numbers go on where the last sealed batch stopped, the period is open, and
    -- what an entry reverses or was caused by is there.
    INSERT INTO voucher_mark (book_id, batch_id, period, vtype, first_no, last_no)
    SELECT NEW.book_id, NEW.batch_id, v.period, v.vtype, v.low, CASE
        /*law:period*/
        WHEN (SELECT action FROM period_event pe
              WHERE pe.book_id = NEW.book_id AND pe.period = v.period AND pe.branch = ''
              ORDER BY seq DESC LIMIT 1) = 'close' THEN RAISE(ABORT, 'law: period')
        /*end*/
        /*law:voucher*/
        WHEN v.low <> 1 + coalesce((SELECT max(last_no) FROM voucher_mark m
                                    WHERE m.book_id = NEW.book_id AND m.period = v.period AND m.vtype = v.vtype), 0)
          OR v.n <> v.high - v.low + 1 OR v.numbers <> v.n THEN RAISE(ABORT, 'law: voucher')
        /*end*/
        /*law:reverses*/
        WHEN v.pointing > 0 AND EXISTS (
            SELECT 1 FROM entry e
            WHERE e.book_id = NEW.book_id
              AND e.entry_id >= (SELECT first_entry FROM batch WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
              AND e.entry_id <= NEW.last_entry
              AND ((e.reverses IS NOT NULL AND (e.reverses >= e.entry_id OR NOT EXISTS (
                    SELECT 1 FROM entry t WHERE t.book_id = NEW.book_id AND t.entry_id = e.reverses
                     AND (t.batch_id = NEW.batch_id OR EXISTS (
                         SELECT 1 FROM seal s WHERE s.book_id = t.book_id AND s.batch_id = t.batch_id)))))
                OR (e.caused_by IS NOT NULL AND (e.caused_by = e.entry_id OR NOT EXISTS (
                    SELECT 1 FROM entry t WHERE t.book_id = NEW.book_id AND t.entry_id = e.caused_by
                     AND (t.batch_id = NEW.batch_id OR EXISTS (
                         SELECT 1 FROM seal s WHERE s.book_id = t.book_id AND s.batch_id = t.batch_id))))))
        ) THEN RAISE(ABORT, 'law: reverses')
        /*end*/
        ELSE v.high
    END
    FROM (
        SELECT period, vtype, min(vno) AS low, max(vno) AS high, count(*) AS n,
               count(DISTINCT vno) AS numbers, count(reverses) + count(caused_by) AS pointing
        FROM entry
        WHERE book_id = NEW.book_id
          AND entry_id >= (SELECT first_entry FROM batch WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id)
          AND entry_id <= NEW.last_entry
        GROUP BY period, vtype
    ) v;

    INSERT INTO projected (book_id, batch_id) VALUES (NEW.book_id, NEW.batch_id);
END;
