"""The dated and daily rules (控制) C01–C53, as data: message, severity, source, who may override.

Severity: X refuse · A needs a named approver · W warn and log · T task; what
follows the letter says when. Messages are the texts people know; ``{x}`` are
values, given as finished text (amounts as ``format_fen`` prints them). Where a
rule is checked, the code names it by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.errors import Fault
from ledger.i18n import current_language


@dataclass(frozen=True, slots=True)
class Control:
    """One rule. ``override`` names who may let it pass (None: nobody); ``zh`` is empty where nothing is said."""

    id: str
    source: str
    severity: str
    zh: str
    en: str
    override: str | None
    rule: str

    @property
    def checked(self) -> str:
        """When the rule is looked at: ``post``, ``approve``, ``accept``, ``day``, ``month``, ``login``,
        ``issue``, ``export``, ``task``."""
        return CHECKED[self.id]

    @property
    def refuses(self) -> bool:
        """Whether the rule can stop something."""
        return "X" in self.severity


_TABLE: Final = (
    Control(
        "C01",
        "制票 一",
        "A",
        "已过制票时间(每月1–14日),需抄收管理处批准",
        "The billing window (day 1–14 of the month) is over; approval of the meter-to-cash department is needed",
        "抄收管理处; whitelist d24 安钢, d25 玻壳泵房",
        "d1–14 billing window",
    ),
    Control(
        "C02",
        "制票 五",
        "T",
        "表本{x}未录入,15日前必须完成",
        "Reading book {x} is not entered; it must be complete by the 15th",
        "billing lead reports",
        "by d15 all books entered",
    ),
    Control(
        "C03",
        "制票 六",
        "X",
        "托收户、代扣户15日后不得录入和更改",
        "Bank-collection and direct-debit accounts may not be entered or changed after the 15th",
        None,
        "after d15 托收/代扣 locked",
    ),
    Control(
        "C04",
        "制票 六",
        "A",
        "需所长、内勤书面申请并经抄收管理处批准",
        "A written application of branch manager and clerk, approved by the meter-to-cash department, is needed",
        "抄收管理处",
        "after d15 other accounts",
    ),
    Control(
        "C05",
        "制票 九",
        "X",
        "该变更只在{a}–{b}日受理",
        "This change is taken in only on days {a}–{b} of the month",
        "next window",
        "改账号, 过户 d1–14; 改价 托收 d1–14, 现金 d1–24",
    ),
    Control(
        "C06",
        "制票 三、十九",
        "X",
        "制票员不得擅自变更用水性质、冲减水量",
        "A billing clerk may not change usage class or reduce volume without authority",
        None,
        "no unauthorised usage-class/volume change",
    ),
    Control(
        "C07",
        "制票 十六",
        "X",
        "缺1号窗口手续或班长签字",
        "The form of counter 1 or the lead's signature is missing",
        None,
        "pay mode needs window-1 form + lead's signature",
    ),
    Control(
        "C08",
        "制票 十四",
        "X",
        "不允许撤户,请转入原托收/现金销户",
        "Accounts are never deleted; move it to the closed collection or cash accounts",
        None,
        "accounts never deleted",
    ),
    Control(
        "C09",
        "制票 十五",
        "X",
        "表本水量{a}与机器水量{b}不符",
        "Volume of the reading book {a} differs from the machine's {b}",
        None,
        "book total = machine total",
    ),
    Control(
        "C10",
        "制票 七; 收费3",
        "T",
        "托收凭证应于14–15日送银行",
        "Collection vouchers go to the bank on the 14th–15th",
        "lead",
        "d15 print 托收台账 + 4 channel vouchers; d14–15 to bank",
    ),
    Control(
        "C11",
        "",
        "T",
        "托收批次{n}尚有{k}笔未回",
        "Collection batch {n} still has {k} items without return",
        None,
        "d16–early next month fetch advices",
    ),
    Control(
        "C12",
        "制票 十三",
        "T",
        "25日应出具售水报表、总销售报表",
        "The sales reports are due on the 25th",
        None,
        "d25 sales reports",
    ),
    Control(
        "C13",
        "收费1; 现金管理暂行条例 §11",
        "X",
        "{c}当日现金{x}元未缴存",
        "{c}: {x} yuan of today's cash not deposited",
        "operating manager + bank-agreed time",
        "deposit same day",
    ),
    Control(
        "C14",
        "收费11",
        "X",
        "月末最后一日上午班必须缴存并取得缴款单",
        "On the last day of the month the morning shift must deposit and obtain the slip",
        "operating manager",
        "last day: morning-shift deposit",
    ),
    Control(
        "C15",
        "收费26",
        "X",
        "抽屉零钞{x}元超过1000元限额",
        "Change of {x} yuan in the drawer exceeds the limit of 1000 yuan",
        None,
        "drawer change ≤ 1,000.00",
    ),
    Control(
        "C16",
        "收费1",
        "X",
        "不得以白条、借条、单据充抵库存",
        "IOUs, notes or vouchers may not stand for cash",
        None,
        "no IOU against cash",
    ),
    Control(
        "C17",
        "收费2,4–9",
        "X",
        "实收{a}≠日综表{b}≠记账联{c},责任人补齐差额",
        "Received {a} ≠ daily summary {b} ≠ ledger copies {c}; the responsible person makes up the difference",
        None,
        "daily three-way match",
    ),
    Control(
        "C18",
        "收费2",
        "X",
        "款项未交存银行,不能盖章",
        "The money is not banked; the seal may not be set",
        None,
        "lead's seal only after money is banked",
    ),
    Control(
        "C19",
        "收费10",
        "X",
        "{n}张发票已开未收,须当日冲回",
        "{n} invoices printed and unpaid; reverse them today",
        None,
        "invoice-unpaid reversed same day",
    ),
    Control(
        "C20",
        "收费9",
        "X",
        "未全额交足一月水费,系统不核减,请开三联单",
        "Less than a whole month's bill: nothing is settled; write a triplicate receipt",
        "short-transfer tolerance only",
        "whole month only",
    ),
    Control(
        "C21",
        "收费8",
        "X",
        "预交水费仅限房地产施工单位且不少于10000元",
        "A prepayment is for real-estate builders only and at least 10000 yuan",
        None,
        "builder ≥ 10,000",
    ),
    Control(
        "C22",
        "收费13–15,19–22",
        "W",
        "批次{b}未交明细账会计",
        "Batch {b} is not handed over to the accountant",
        None,
        "hand over by end of day or next morning",
    ),
    Control(
        "C23",
        "收费24",
        "X on close",
        "{k}账户{d}未结出余额",
        "Account {k} has no balance for {d}",
        None,
        "bank journal balanced daily",
    ),
    Control(
        "C24",
        "收费22,24",
        "X",
        "收入专户不得发生其他转账支出",
        "The revenue account may make no other transfer",
        None,
        "only HO / 财政专户 outflow",
    ),
    Control(
        "C25",
        "收费24",
        "X",
        "收支账户不得混用",
        "Revenue and expense accounts may not be mixed",
        None,
        "revenue and expense accounts not mixed",
    ),
    Control(
        "C26",
        "收费25",
        "X",
        "录入、复核、审批须为不同人员",
        "Maker, checker and approver must be different people",
        None,
        "maker/checker/approver",
    ),
    Control(
        "C27",
        "收费25",
        "X",
        "密码已超过六个月,请更换",
        "The password is older than six months; change it",
        None,
        "password ≥ every 6 months",
    ),
    Control(
        "C28",
        "收费25",
        "X",
        "用户证书已挂失",
        "The user certificate is reported lost",
        "finance head re-enables",
        "certificate lost → report",
    ),
    Control(
        "C29",
        "收费26",
        "W",
        "未登记保险柜授权",
        "The safe holder is not registered",
        "operating manager",
        "safe holders authorised",
    ),
    Control(
        "C30",
        "收费23",
        "T; X on closing that month",
        "{k}账户余额调节表未交(次月5日)",
        "The reconciliation of account {k} is not handed in (due on the 5th of the next month)",
        "finance head",
        "reconciliation by d5 next month, 2 copies",
    ),
    Control(
        "C31",
        "收费23",
        "X/W",
        "未达账项须列明原因",
        "An outstanding item needs a reason",
        None,
        "未达 has reason; long items followed",
    ),
    Control(
        "C32",
        "收费4",
        "X on month close",
        "多转少转/未到账通知未交",
        "The lists of over- and short transfers and of transfers not arrived are not handed over",
        "accountant",
        "month-end lists to accountant: R07, R08",
    ),
    Control(
        "C33",
        "收费12",
        "T/X",
        "划扣明细未核对",
        "The direct-debit list is not checked",
        "accountant",
        "direct-debit month slip at month end; list next month",
    ),
    Control(
        "C34",
        "收费18",
        "W, age",
        "转款{z}与收据差异{x}元",
        "Transfer {z} differs from its receipt by {x} yuan",
        None,
        "HO receipt equals transfer by category",
    ),
    Control(
        "C35",
        "",
        "X",
        "上缴{x}超过已收待缴{y}",
        "Remittance of {x} exceeds the {y} collected and due",
        None,
        "levy remit ≤ collected",
    ),
    Control(
        "C36",
        "004 9.5.2",
        "T",
        "日报应于9:00前报送",
        "The daily report is due at 9:00",
        None,
        "daily report before 09:00, covers 00:00–24:00; monthly by d10; quarterly by d10 of Jan/Apr/Jul/Oct",
    ),
    Control(
        "C37",
        "004 9.4.4",
        "X",
        "报表名称不符合命名规范",
        "The report name breaks the naming rule",
        None,
        "report names",
    ),
    Control(
        "C38",
        "001 7.2",
        "X on day close",
        "票据{a}–{b}断号",
        "Documents {a}–{b} break the series",
        "lead + finance head, with loss report",
        "documents continuous, small→large",
    ),
    Control(
        "C39",
        "001 7.3",
        "X/T",
        "开票信息不一致",
        "The invoice data disagree",
        None,
        "invoice fields verified; next day re-check",
    ),
    Control(
        "C40",
        "001 7.4、004 10.1",
        "X",
        "未经领导许可不得导出用户信息",
        "Customer data may not be exported without leave",
        "hall manager / finance head",
        "confidentiality",
    ),
    Control(
        "C41",
        "001 8",
        "X",
        "账号已停用",
        "The account is disabled",
        "administrator",
        "own id only; leaver closed; lock screen",
    ),
    Control(
        "C42",
        "004 9.6.1",
        "W",
        "备份已超过24小时",
        "The last backup is older than 24 hours",
        None,
        "data backed up regularly",
    ),
    Control(
        "C43",
        "004 10",
        "T",
        "当月档案应于5日前上交",
        "This month's customer files are due on the 5th",
        None,
        "customer files by d5",
    ),
    Control(
        "C44",
        "催费 三.3–4",
        "",
        "",
        "",
        None,
        "arrears assessment half-yearly: ≤20 households 2.00 each, above 20: 5.00 each; waiver needs 所长 + 抄收管理处",
    ),
    Control(
        "C45",
        "抄表 3",
        "W",
        "",
        "",
        None,
        "meter-seen rate ≥ 98.5 %, accuracy 100 %",
    ),
    Control(
        "C46",
        "催费 3",
        "X",
        "须书面报处长批准",
        "The department manager's written approval is needed",
        None,
        "DN40+ / boiler / continuous production shut-off",
    ),
    Control(
        "C47",
        "监察 9",
        "X",
        "减免超过50%权限",
        "The reduction exceeds the limit of 50 %",
        "大队长",
        "squad penalty reduction ≤ 50 %",
    ),
    Control(
        "C48",
        "",
        "X",
        "录入人与接收人不得相同",
        "Who enters may not accept",
        None,
        "segregation: cashier ≠ lead ≠ accountant; entering ≠ accepting",
    ),
    Control(
        "C49",
        "",
        "X",
        "期间{p}已结账",
        "Period {p} is closed",
        "reopening: finance head, logged, reports re-issued with version",
        "closed day/month immutable",
    ),
    Control(
        "C50",
        "004 5.2.3",
        "W",
        "不得单独外出存钱",
        "Cash may not be carried to the bank alone",
        None,
        "deposits carried by two people",
    ),
    Control(
        "C51",
        "收费2",
        "X",
        "收费员{c}当日短款{x}元未补齐",
        "{c}: today's short of {x} yuan is not made good",
        "operating manager",
        "short made good the same day",
    ),
    Control(
        "C52",
        "收费17",
        "X",
        "{f}可转余额{y}元,不足转出{x}元",
        "{f}: {y} yuan can be transferred, not {x} yuan",
        "finance head, reason",
        "transfer within the fund position",
    ),
    Control(
        "C53",
        "",
        "X",
        "回单号{n}已使用(凭证{v})",
        "Slip number {n} is already used (voucher {v})",
        None,
        "slip and advice numbers used once",
    ),
)

CHECKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("C01", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C15", "C20", "C21", "C24", "C25", "C28", "C35",
             "C39", "C46", "C47", "C49", "C50", "C52", "C53"),
            "post",
        ),
        **dict.fromkeys(("C13", "C14", "C16", "C17", "C18", "C19", "C23", "C38", "C51"), "day"),
        **dict.fromkeys(("C02", "C10", "C11", "C12", "C22", "C29", "C34", "C36", "C42", "C43", "C44", "C45"), "task"),
        **dict.fromkeys(("C30", "C32", "C33"), "month"),
        **dict.fromkeys(("C31", "C37"), "issue"),
        "C26": "approve", "C27": "login", "C40": "export", "C41": "login", "C48": "accept",
    }
)  # fmt: skip
"""Id → when the rule is checked."""

CONTROLS: Final[Mapping[str, Control]] = MappingProxyType({control.id: control for control in _TABLE})
"""Id → rule, C01–C53."""


def control_message(control_id: str, /, **values: object) -> str:
    """The message of a rule in the current language; ``values`` fill its placeholders.

    Raises:
        KeyError: an unknown id or a missing value: a mistake of the caller.
    """
    control = CONTROLS[control_id]
    return (control.en if current_language() == "en" else control.zh).format_map(values)


def control_fault(
    control_id: str,
    /,
    *,
    row: int | None = None,
    column: str | None = None,
    value: str | None = None,
    file: str | None = None,
    sheet: str | None = None,
    **values: object,
) -> Fault:
    """A broken rule as a fault: its place, the value found, and the message of the rule."""
    return Fault(
        message=control_message(control_id, **values),
        file=file,
        sheet=sheet,
        row=row,
        column=column,
        value=value,
        code=control_id,
    )
