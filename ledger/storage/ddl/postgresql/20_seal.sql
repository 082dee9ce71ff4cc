-- The seal: at COMMIT, once per batch, every law in sets. Three passes: entries with
-- their lines, voucher numbers, balances. Only this function writes seal, voucher_mark
-- and balance_delta; the application's role cannot.
--
-- The planner knows nothing of rows that came a moment ago: the settings keep it on
-- ordered index reads and away from nested loops, each table is read once a pass.

CREATE FUNCTION seal_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, meterbook, pg_temp
SET enable_nestloop = off
SET enable_seqscan = off
SET enable_sort = off
SET work_mem = '256MB'
SET jit = off AS $$
DECLARE
    b batch%ROWTYPE;
    last_entry bigint;
    last_fact bigint;
    opening date;
    x record;
    v record;
BEGIN
    PERFORM lock_book(NEW.book_id);
    SELECT * INTO STRICT b FROM batch WHERE book_id = NEW.book_id AND batch_id = NEW.batch_id;
    SELECT cutover INTO opening FROM book WHERE book_id = b.book_id;
    last_entry := b.first_entry + b.entries - 1;
    last_fact := b.first_fact + b.facts - 1;

    -- Entries with their lines, merged in order of the primary keys.
    SELECT count(e.entry_id) AS entries,
           coalesce(sum(p.n), 0) AS lines,
           min(coalesce(e.entry_id, p.entry_id)) FILTER (
               WHERE p.n IS NULL OR e.lines IS NULL
                  OR p.n < 2 OR p.n <> e.lines OR p.low <> 1 OR p.high <> p.n) AS malformed,
           min(e.entry_id) FILTER (WHERE p.difference <> 0) AS unbalanced,
           min(e.entry_id) FILTER (WHERE p.earliest <> e.date OR p.latest <> e.date) AS misdated
    INTO x
    FROM (SELECT entry_id, lines, date FROM entry
          WHERE book_id = b.book_id AND entry_id BETWEEN b.first_entry AND last_entry) e
    FULL JOIN (
        SELECT entry_id, count(*) AS n, min(line) AS low, max(line) AS high,
               sum(debit - credit) AS difference, min(date) AS earliest, max(date) AS latest
        FROM posting
        WHERE book_id = b.book_id AND entry_id BETWEEN b.first_entry AND last_entry
        GROUP BY entry_id) p USING (entry_id);
    /*law:lines*/
    IF x.malformed IS NOT NULL THEN
        RAISE EXCEPTION 'law: lines: entry %', x.malformed;
    END IF;
    /*end*/
    /*law:unbalanced*/
    IF x.unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'law: unbalanced: entry %', x.unbalanced;
    END IF;
    /*end*/
    /*law:date*/
    IF x.misdated IS NOT NULL THEN
        RAISE EXCEPTION 'law: date: entry %', x.misdated;
    END IF;
    /*end*/
    /*law:batch*/
    IF x.entries <> b.entries OR x.lines <> b.lines THEN
        RAISE EXCEPTION 'law: batch: % entries of %, % lines of %', x.entries, b.entries, x.lines, b.lines;
    END IF;
    IF b.facts <> (SELECT count(*) FROM fact
                   WHERE book_id = b.book_id AND fact_id BETWEEN b.first_fact AND last_fact) THEN
        RAISE EXCEPTION 'law: batch: facts';
    END IF;
    /*end*/

    -- Voucher numbers, periods and dates, by period and type of voucher.
    FOR v IN
        SELECT period, vtype, count(*) AS n, count(DISTINCT vno) AS numbers,
               min(vno) AS low, max(vno) AS high, min(date) AS earliest, max(date) AS latest,
               min(date) FILTER (WHERE event <> 'E01') AS business,
               min(date) FILTER (WHERE event = 'E01') AS opened,
               max(date) FILTER (WHERE event = 'E01') AS opened_last,
               count(reverses) + count(caused_by) AS pointing
        FROM entry
        WHERE book_id = b.book_id AND entry_id BETWEEN b.first_entry AND last_entry
        GROUP BY period, vtype
    LOOP
        /*law:date*/
        IF to_char(v.earliest, 'YYYY-MM') <> v.period OR to_char(v.latest, 'YYYY-MM') <> v.period THEN
            RAISE EXCEPTION 'law: date: period %', v.period;
        END IF;
        /*end*/
        /*law:period*/
        IF 'close' = (SELECT action FROM period_event
                      WHERE book_id = b.book_id AND period = v.period AND branch = ''
                      ORDER BY seq DESC LIMIT 1) THEN
            RAISE EXCEPTION 'law: period: %', v.period;
        END IF;
        /*end*/
        /*law:cutover*/
        IF v.business <= opening OR v.opened <> opening OR v.opened_last <> opening THEN
            RAISE EXCEPTION 'law: cutover: %', least(v.business, v.opened);
        END IF;
        /*end*/
        /*law:cutover*/
        -- Openings never follow business, so the last batch before tells for all.
        IF v.opened IS NOT NULL AND EXISTS (
            SELECT FROM entry e
            WHERE e.book_id = b.book_id AND e.event <> 'E01' AND e.entry_id < b.first_entry
              AND e.entry_id >= (
                SELECT t.first_entry FROM batch t
                WHERE t.book_id = b.book_id AND t.batch_id < b.batch_id AND t.entries > 0
                ORDER BY t.batch_id DESC LIMIT 1)) THEN
            RAISE EXCEPTION 'law: cutover: opening after business';
        END IF;
        /*end*/
        /*law:voucher*/
        IF v.low <> 1 + coalesce((SELECT max(last_no) FROM voucher_mark
                                  WHERE book_id = b.book_id AND period = v.period AND vtype = v.vtype), 0)
           OR v.n <> v.high - v.low + 1 OR v.numbers <> v.n THEN
            RAISE EXCEPTION 'law: voucher: % % from % to %', v.period, v.vtype, v.low, v.high;
        END IF;
        /*end*/
        INSERT INTO voucher_mark (book_id, batch_id, period, vtype, first_no, last_no)
        VALUES (b.book_id, b.batch_id, v.period, v.vtype, v.low, v.high);
        /*law:reverses*/
        -- Looked up one by one: a join would read the whole journal for a single reversal.
        IF v.pointing > 0 AND EXISTS (
            SELECT FROM entry e
            WHERE e.book_id = b.book_id AND e.entry_id BETWEEN b.first_entry AND last_entry
              AND ((e.reverses IS NOT NULL AND (e.reverses >= e.entry_id OR
                    (SELECT t.entry_id FROM entry t
                     WHERE t.book_id = b.book_id AND t.entry_id = e.reverses) IS NULL))
                OR (e.caused_by IS NOT NULL AND (e.caused_by = e.entry_id OR
                    (SELECT t.entry_id FROM entry t
                     WHERE t.book_id = b.book_id AND t.entry_id = e.caused_by) IS NULL)))) THEN
            RAISE EXCEPTION 'law: reverses';
        END IF;
        /*end*/
    END LOOP;

    -- One group is one key of balance_delta; what every line of it must have is counted.
    WITH g AS MATERIALIZED (
        SELECT date, account, branch, bank, cashier, fund, item,
               count(*) AS n, count(customer) AS customers, count(bill_month) AS bill_months,
               count(staff) AS staffs, count(document) AS documents,
               count(coalesce(staff, customer)) AS parties,
               sum(debit) AS debit, sum(credit) AS credit
        FROM posting
        WHERE book_id = b.book_id AND entry_id BETWEEN b.first_entry AND last_entry
        GROUP BY date, account, branch, bank, cashier, fund, item
    ), written AS (
        INSERT INTO balance_delta
            (book_id, batch_id, date, account, branch, bank, cashier, fund, item, debit, credit)
        SELECT b.book_id, b.batch_id, date, account, coalesce(branch, ''), coalesce(bank, ''),
               coalesce(cashier, ''), coalesce(fund, ''), coalesce(item, ''), debit, credit
        FROM g
    )
    SELECT coalesce(sum(g.debit), 0) AS debit, coalesce(sum(g.credit), 0) AS credit,
           min(g.account) FILTER (WHERE a.account IS NULL OR c.closed_on <= g.date) AS unknown,
           min(g.branch) FILTER (WHERE 'close' = (
               SELECT action FROM period_event pe
               WHERE pe.book_id = b.book_id AND pe.period = to_char(g.date, 'YYYY-MM') AND pe.branch = g.branch
               ORDER BY seq DESC LIMIT 1)) AS shut,
           min(g.account) FILTER (
               WHERE (a.required & 1 <> 0 AND branch IS NULL)
                  OR (a.required & 2 <> 0 AND bank IS NULL)
                  OR (a.required & 4 <> 0 AND cashier IS NULL)
                  OR (a.required & 8 <> 0 AND customers < n)
                  OR (a.required & 16 <> 0 AND bill_months < n)
                  OR (a.required & 32 <> 0 AND fund IS NULL)
                  OR (a.required & 64 <> 0 AND item IS NULL)
                  OR (a.required & 128 <> 0 AND staffs < n)
                  OR (a.required & 256 <> 0 AND documents < n)
                  OR (a.required & 512 <> 0 AND parties < n)) AS incomplete
    INTO x
    FROM g
    LEFT JOIN account a ON a.book_id = b.book_id AND a.account = g.account
    LEFT JOIN account_close c ON c.book_id = b.book_id AND c.account = g.account;
    /*law:account*/
    IF x.unknown IS NOT NULL THEN
        RAISE EXCEPTION 'law: account: %', x.unknown;
    END IF;
    /*end*/
    /*law:period*/
    IF x.shut IS NOT NULL THEN
        RAISE EXCEPTION 'law: period: branch %', x.shut;
    END IF;
    /*end*/
    /*law:dimension*/
    IF x.incomplete IS NOT NULL THEN
        RAISE EXCEPTION 'law: dimension: %', x.incomplete;
    END IF;
    /*end*/
    /*law:batch*/
    IF x.debit <> b.debit OR x.credit <> b.credit THEN
        RAISE EXCEPTION 'law: batch: debit % of %, credit % of %', x.debit, b.debit, x.credit, b.credit;
    END IF;
    /*end*/

    -- Every entry and fact, and the batch itself, has its leaf in the log.
    /*law:log*/
    IF NOT EXISTS (SELECT FROM log l
                   WHERE l.book_id = b.book_id AND l.batch_id = b.batch_id AND l.leaves = b.entries + b.facts + 1) THEN
        RAISE EXCEPTION 'law: log: batch %', b.batch_id;
    END IF;
    /*end*/

    INSERT INTO seal (book_id, batch_id, seq, last_entry, last_fact, sealed_at)
    SELECT b.book_id, b.batch_id,
           1 + coalesce((SELECT max(seq) FROM seal WHERE book_id = b.book_id), 0),
           last_entry, last_fact,
           to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER batch_seal AFTER INSERT ON batch
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seal_batch();
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_seal;
