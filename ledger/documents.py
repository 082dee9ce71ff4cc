"""The document kinds: what a document is, its columns, its place in the day.

One kind = one file, or one sheet of a workbook for ``post day`` (domain.md §10).
This module is the registry; it reads nothing. ``importers.documents`` turns files
into frames of these kinds, ``ledger.postings`` turns the frames into entries.

Frame of a kind: one column per :class:`Column` (null where absent or empty;
money Int64 fen, date Date, quantity and integer Int64, everything else String)
and then ``row`` Int64 (1-based line of the file or row of the sheet),
``sheet`` String or null, ``file`` String, ``seq`` Int64 or null.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Literal, get_args

import polars as pl

from ledger.errors import NotFound
from ledger.i18n import _, current_language

ColumnType = Literal[
    "text",  # free text, kept as written
    "ref",  # a number or code people compare: NFKC, no blanks inside, no invisible characters
    "money",  # > 0
    "money0",  # >= 0
    "signed",  # not 0
    "date",
    "month",  # 'YYYY-MM'
    "quantity",  # whole number > 0
    "integer",  # whole number >= 0
    "customer",
    "account",
    "bank",
    "branch",
    "cashier",
    "fund",
    "usage",
    "levy",  # a levy of the book
    "item",  # a fee item: levy of the book or item of the tax table
    "enum",
]

TYPES: tuple[str, ...] = get_args(ColumnType)

MONEY_TYPES = frozenset({"money", "money0", "signed"})
WHOLE_TYPES = frozenset({"quantity", "integer"})

_IGNORED = re.compile("[\\s_\\-*:、,\u200b\u200c\u200d\u2060\ufeff]")
_UNIT = re.compile(r"\((元|人民币元|m3|立方米|吨|yuan|cny|yyyy-mm|yyyy-mm-dd)\)$")


def match_key(text: str) -> str:
    """The form in which headers and choices are compared.

    Full-width forms are plain, case does not count, and blanks, ``_``, ``-``, ``、``,
    a required-mark ``*`` and a unit in brackets are left out: ``"金额 (元)"`` = ``"金额"``.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _IGNORED.sub("", _UNIT.sub("", _IGNORED.sub("", plain)))


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a document kind.

    ``values`` maps every accepted spelling (Chinese first, then English) to the
    canonical value; ``note`` explains the column in the template (source language).
    """

    name: str
    zh: str
    type: ColumnType
    required: bool = True
    aliases: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def dtype(self) -> pl.DataType:
        """Type of the frame's column."""
        if self.type in MONEY_TYPES or self.type in WHOLE_TYPES:
            return pl.Int64()
        return pl.Date() if self.type == "date" else pl.String()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every header this column answers to, as :func:`match_key` sees it."""
        return tuple(dict.fromkeys(match_key(text) for text in (self.zh, self.name, *self.aliases)))

    @cached_property
    def value_keys(self) -> dict[str, str]:
        """Accepted spelling, as :func:`match_key` sees it → canonical value."""
        return {match_key(text): canonical for text, canonical in self.values.items()}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Canonical value → its Chinese word, in the order of the registry."""
        found: dict[str, str] = {}
        for text, canonical in self.values.items():
            found.setdefault(canonical, text)
        return found

    def word(self, canonical: str) -> str:
        """A canonical value in the language of the person."""
        return self.labels[canonical] if current_language() == "zh_CN" else canonical

    def title(self) -> str:
        """The header in the language of the person."""
        return self.zh if current_language() == "zh_CN" else self.name


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of document.

    Attributes:
        event: the money events of domain.md §3 (``"E06 E07"``), empty for master data.
        columns: doc_no, date, the kind's own columns, memo.
        grouped: rows with one doc_no are one entry; elsewhere a number stands once.
        number: the column that replaces an empty doc_no, if the kind has a number of its own.
        step: the column that tells apart the steps of one number (taken, refunded).
        subject: the column facts are looked up by.
        one_of: sets of columns of which exactly one is given in each row.
        needs: ``(column, value, other)``: with that value the other column is given.
        posts: makes entries; otherwise facts only.
        order: place of the kind's sheet in the event order of a day.
        example: a row as a person writes it (by column name).
    """

    name: str
    zh: str
    en: str
    event: str
    columns: tuple[Column, ...]
    grouped: bool = False
    number: str | None = None
    step: str | None = None
    subject: str | None = None
    one_of: tuple[tuple[str, ...], ...] = ()
    needs: tuple[tuple[str, str, str], ...] = ()
    posts: bool = True
    order: int = 0
    example: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def by_header(self) -> dict[str, Column]:
        """Columns by every header they answer to (``match_key`` form), ``seq`` included."""
        return {key: column for column in (*self.columns, SEQ) for key in column.keys}

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: the kind has no such column (a programming error).
        """
        return self.by_name[name]

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """Schema of the kind's frame, provenance columns included."""
        own = {column.name: column.dtype for column in self.columns}
        return own | PROVENANCE

    def empty(self) -> pl.DataFrame:
        """A frame of this kind without rows."""
        return pl.DataFrame(schema=self.schema)

    def title(self) -> str:
        """The kind's name in the language of the person."""
        return self.zh if current_language() == "zh_CN" else self.en

    def document_number(self) -> pl.Expr:
        """The number a row goes by: doc_no, else the kind's own number, else null.

        Rows left null take the file's batch number and row when they are posted.
        A later step under the number of an earlier one (an invoice printed, then
        cleared) carries the step's name, so that both stand once.
        """
        number = pl.col("doc_no")
        if self.number is None:
            return number
        own = pl.col(self.number)
        if self.step is not None:
            first = next(iter(self.column(self.step).labels))
            step = pl.col(self.step)
            own = pl.when(step.is_null() | (step == first)).then(own).otherwise(own + "-" + step)
        return pl.coalesce(number, own)


PROVENANCE: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "sheet": pl.String(),
    "file": pl.String(),
    "seq": pl.Int64(),
}
"""Where a row stands: added to every kind's frame."""


def _choices(*options: str) -> dict[str, str]:
    """``"open 未结 未结清"`` → every spelling to the first word; Chinese spellings come first."""
    values: dict[str, str] = {}
    for option in options:
        canonical, *words = option.split()
        values.update(dict.fromkeys([*words, canonical], canonical))
    return values


SEQ = Column("seq", "序号", "quantity", required=False, note="整批的记账顺序;要么每张表都有,要么都没有")

_READ = _choices("normal 正常", "estimated 估水 估抄")
_HOLD = _choices("hold 超收", "missed 未抄")
_TERMINAL = _choices("scan 扫码 二维码", "pos POS POS机")
_COLLECTION = _choices("icbc 工行", "boc 中行", "small 小额 小额支付", "treasury 国库 国库支付中心")
_YES = _choices("yes 是 已进账", "no 否 未进账")
_MODES = _choices("counter 普通 柜台 普通用户", "collection 托收 托收户", "debit 代扣 划扣 代扣户", "tm TM卡")
_CATEGORIES = _choices(
    "bank_in_not_book 银行已收企业未收",
    "bank_out_not_book 银行已付企业未付",
    "book_in_not_bank 企业已收银行未收",
    "book_out_not_bank 企业已付银行未付",
    "balance 对账单余额 银行对账单余额",
)

# The tables below are laid out by hand: one column, one kind per paragraph.
# fmt: off
_VOCABULARY: dict[str, Column] = {
    column.name: column
    for column in (
        Column("doc_no", "单据号", "ref", False, ("凭单号",), note="单据的编号;空着时用本类单据自己的号码"),
        Column("date", "日期", "date", True, ("业务日期", "记账日期"), note="业务日期,如 2023-06-09"),
        Column("memo", "备注", "text", False, ("摘要", "说明", "note"), note="可以空着"),
        Column("customer", "户号", "customer", True, ("交费号", "交费编号", "用户编号", "客户编号"), note="客户的户号"),
        Column("amount", "金额", "money", True, ("实收", "实收金额", "收款金额"), note="元,最多两位小数,大于零"),
        Column("cashier", "收费员", "cashier", True, ("收款员", "收费员编号"), note="收费员代码或姓名"),
        Column("bank", "银行", "bank", True, ("银行账户", "收款银行", "开户银行"), note="本单位银行账户:代码、简称或账号"),
        Column("fund", "款项类别", "fund", True, ("款项", "款项类型"), note="款项类别的名称"),
        Column("bill_month", "所属月", "month", True, ("所属期", "账期", "应收月份"), note="年月,如 2023-06"),
        Column("bill_no", "账单号", "ref", True, ("账单编号",), note="同一户同一月有几张账单时填写"),
        Column("volume", "水量", "quantity", True, ("用水量", "吨数"), note="立方米,整数"),
        Column("usage_class", "用水性质", "usage", True, ("用水类别", "水价类别"), note="用水性质代码或名称(R/N/S)"),
        Column("maker", "录入", "ref", True, ("录入人",), note="录入人"),
        Column("checker", "复核", "ref", True, ("复核人",), note="复核人,不同于录入人"),
        Column("approver", "审批", "ref", True, ("审批人", "批准人"), note="审批人,不同于录入人和复核人"),
        Column("approval_no", "审批号", "ref", True, ("申请号", "批准号", "审批单号"), note="审批单的编号"),
        Column("invoice", "票据号", "ref", True, ("发票号", "发票号码", "票号", "商业发票号", "三联单号"), note="票据号码,连续使用"),
        Column("original", "原单据号", "ref", True, ("原凭单号",), note="原单据的单据号;别类单据写作 类别/单据号"),
        Column("reason", "原因", "text", True, ("事由", "理由"), note="原因"),
        Column("name", "户名", "text", True, ("用户名称", "客户名称"), note="客户名称"),
        Column("stream", "类别", "enum", True, ("户别", "用户类别"), _choices("resident 居民户 居民", "entity 单位户 单位"), "居民户或单位户"),
        Column("pay_mode", "交费方式", "enum", True, ("缴费方式",), _MODES, "交费方式"),
        Column("kind", "类型", "enum", True, ("用户类型", "客户类型"), _choices("normal 正常 普通", "builder 房地产施工单位 房地产", "removed 拆表", "closed 销户"), "客户类型"),
        Column("branch", "所", "branch", True, ("营业所", "站所"), note="所的代码或名称"),
        Column("from", "起用日期", "date", False, ("启用日期", "生效日期"), note="资料从这一天起有效"),
        Column("payer_account", "付款账号", "ref", True, ("扣款账号", "银行账号", "付款人账号"), note="客户的银行账号(设为文本格式)"),
        Column("special_day", "特殊抄表日", "integer", True, (), _choices("24", "25"), "每月24日或25日抄表的户"),
        Column("account", "科目", "account", True, ("科目代码", "会计科目"), note="科目代码,如 1122.01(设为文本格式)"),
        Column("debit", "借方", "money0", False, ("借方余额", "借方金额"), note="借方余额;借方、贷方只填一个"),
        Column("credit", "贷方", "money0", False, ("贷方余额", "贷方金额"), note="贷方余额;借方、贷方只填一个"),
        Column("item", "费用项目", "item", True, ("代征项目",), note="费用项目"),
        Column("document", "原单据号", "ref", True, ("原凭单号", "document_no"), note="余额所属的原单据"),
        Column("item_date", "发生日", "date", True, ("发生日期",), note="账龄从这一天算起"),
        Column("category", "类别", "enum", True, ("未达类别",), _CATEGORIES, "未达账项的四类之一,或对账单余额"),
        Column("reference", "票据号", "ref", True, ("结算号", "单号"), note="支票号、缴款单号等"),
        Column("read_code", "读码", "enum", True, ("抄表状态", "读数类型"), _READ, "正常或估水"),
        Column("net", "净水价", "money0", True, ("净水费",), note="净水价,含税"),
        Column("vat", "税额", "money0", True, ("增值税",), note="净水价内的增值税"),
        Column("sewage", "污水处理费", "money0", True, ("污水费",), note="污水处理费"),
        Column("water_resource", "水资源费", "money0", True, ("水资源税",), note="水资源费"),
        Column("surcharge", "附加费", "money0", True, (), note="附加费"),
        Column("tax_line", "不征税自来水", "money0", True, (), note="不征税自来水"),
        Column("status", "状态", "enum", True, ("账单状态",), _choices("open 未结 未结清", "settled 已结 已结清", "written_off 已核销 核销"), "账单状态"),
        Column("settled_by", "结清单据", "ref", True, (), note="结清这张账单的单据号"),
        Column("batch", "批号", "ref", True, ("批次", "批次号", "托收批号"), note="托收批号"),
        Column("series", "票种", "enum", True, ("票据种类",), _choices("invoice 发票", "commercial 商业发票", "triplicate 三联单"), "票据种类"),
        Column("from_no", "起号", "ref", True, ("起始号", "起始号码"), note="第一张的号码"),
        Column("to_no", "止号", "ref", True, ("终止号", "终止号码"), note="最后一张的号码"),
        Column("holder", "领用人", "ref", True, (), note="领用人"),
        Column("bill", "应收", "money", True, ("应收金额",), note="用来核对:须与计算出的应收相同"),
        Column("copies", "收回联数", "integer", True, ("联数",), note="作废时收齐的联数;空着即各联齐全"),
        Column("route", "表本", "ref", True, ("表本号", "本号"), note="抄表本的编号"),
        Column("book_total", "表本水量", "integer", True, ("表本合计水量", "表本总水量"), note="用来核对:本表本各户水量之和"),
        Column("diameter", "口径", "integer", True, ("表径", "DN"), note="水表口径,毫米"),
        Column("constant_flow", "锅炉或连续生产", "enum", True, ("连续生产",), _choices("yes 是", "no 否"), "锅炉、连续生产的用户填是"),
        Column("invoice_amount", "票面金额", "money", True, ("发票金额",), note="用来核对:须与金额相同"),
        Column("invoice_name", "票面户名", "text", True, ("购方名称", "发票户名"), note="用来核对:须与户名相同"),
        Column("reader", "抄表员", "ref", True, ("供水营销员",), note="抄表员的姓名或编号"),
        Column("to_account", "转入科目", "account", True, ("转入科目代码",), note="转入的应收账款科目"),
        Column("change", "变更类型", "enum", True, (), _choices("holder 过户更名 过户 更名", "stream 单位居民互转 户别", "pay_mode 改交费方式 交费方式", "close 销户"), "变更类型"),
        Column("channel_no", "渠道单号", "ref", True, ("渠道流水号", "商户单号"), note="扫码或POS的交易单号"),
        Column("channel", "渠道", "enum", True, (), _TERMINAL, "渠道"),
        Column("gross", "交易额", "money", True, ("交易金额",), note="清算的交易总额"),
        Column("fee", "手续费", "money0", True, (), note="扣收的手续费"),
        Column("trade_date", "交易日", "date", True, ("交易日期",), note="清算的是哪一天的交易"),
        Column("cheque_no", "支票号", "ref", True, ("支票号码",), note="支票号码"),
        Column("lodged", "已进账", "enum", True, ("是否进账",), _YES, "是否已取得进账单"),
        Column("issue_date", "出票日", "date", True, ("出票日期",), note="支票的出票日期"),
        Column("slip_no", "回单号", "ref", True, (), note="银行单据的号码"),
        Column("bank_ref", "银行流水号", "ref", True, ("流水号", "网银流水", "银行流水"), note="银行回单上的流水号"),
        Column("source", "来源", "enum", True, (), _choices("transfer 转账", "over 多转 多转水费"), "补缴的来源"),
        Column("serial", "送盘序号", "ref", True, ("扣款序号",), note="这一笔在送盘文件中的序号"),
        Column("card_no", "卡号", "ref", True, ("TM卡号",), note="TM卡卡号"),
        Column("result", "结果", "enum", True, (), _choices("paid 收回 已收", "returned 退票 退回"), "结果"),
        Column("period", "期间", "month", True, (), note="年月,如 2023-06"),
        Column("count", "笔数", "quantity", True, ("户数",), note="合计单上的笔数"),
        Column("step", "步骤", "enum", True, (), {}, "步骤"),
        Column("carried_by", "押送人", "text", True, ("缴存人",), note="两人的姓名,用顿号隔开"),
        Column("float", "零钞", "money0", True, ("备用零钞", "零钞金额"), note="抽屉零钞,不超过限额"),
        Column("work_order", "工单号", "ref", True, ("工作单号", "违章用水工作单"), note="工作单编号"),
        Column("penalty", "罚额", "money0", True, ("违约使用费",), note="罚额,含税"),
        Column("reduced", "减免额", "money0", True, ("减免",), note="罚额中减免的部分"),
        Column("advice_no", "回单号", "ref", True, ("利息单号", "通知单号"), note="银行回单的号码"),
        Column("payee", "收款人", "text", True, ("收款单位",), note="收款人名称"),
        Column("transfer_no", "转款单号", "ref", True, ("转款号",), note="向总公司转款的单据号"),
        Column("levy", "代征项目", "levy", True, ("项目",), note="代征项目的名称"),
        Column("form_no", "缴款书号", "ref", True, ("财政缴款书号", "缴款书"), note="财政缴款书的号码"),
        Column("way", "方式", "enum", True, (), {}, "方式"),
        Column("notice_no", "通知号", "ref", True, ("通知单号",), note="总公司通知的编号"),
        Column("staff", "责任人", "ref", True, (), note="责任人"),
        Column("tax", "税额", "money0", True, ("增值税",), note="用来核对:须与计算出的税额相同"),
        Column("late_charge", "违约金", "money0", True, ("滞纳金",), note="金额中的违约金,含税"),
    )
}
# fmt: on

_GROUPED = frozenset(
    {
        "opening",
        "account_move",
        "collection_batch",
        "debit_batch",
        "debit_list",
        "cash_deposit",
        "head_office_transfer",
        "head_office_receipt",
        "levy_remittance",
        "invoice_unpaid",
    }
)


def _kind(
    name: str,
    zh: str,
    en: str,
    event: str,
    own: str,
    example: str,
    *,
    number: str | None = None,
    step: str | None = None,
    one_of: tuple[str, ...] = (),
    needs: tuple[tuple[str, str, str], ...] = (),
    posts: bool = True,
    date: bool = True,
    change: Mapping[str, Mapping[str, object]] | None = None,
) -> Kind:
    """One row of the table below.

    ``own`` lists the kind's columns, ``?`` = may be empty; ``example`` gives
    ``column=value`` pairs; ``change`` alters columns of the vocabulary for this kind.
    """
    names = ["doc_no?", "date" if date else "date?", *own.split(), "memo?"]
    columns = []
    for written in names:
        column = _VOCABULARY[written.rstrip("?")]
        column = replace(column, required=not written.endswith("?"))
        columns.append(replace(column, **dict((change or {}).get(column.name, {}))))  # type: ignore[arg-type]
    has = [column.name for column in columns]
    return Kind(
        name=name,
        zh=zh,
        en=en,
        event=event,
        columns=tuple(columns),
        grouped=name in _GROUPED,
        number=number,
        step=step,
        subject=next((s for s in ("customer", "series", "cashier", "bank") if s in has), None),
        one_of=tuple(tuple(pair.split("|")) for pair in one_of),
        needs=needs,
        posts=posts,
        example=dict(pair.split("=", 1) for pair in example.split("; ")),
    )


def _steps(*options: str) -> dict[str, object]:
    return {"values": _choices(*options)}


# fmt: off
_TABLE: tuple[Kind, ...] = (
    # master data and opening
    _kind(
        "customers", "客户资料", "Customers", "",
        "customer name stream usage_class pay_mode kind branch from? payer_account? special_day? reader? diameter? constant_flow?",
        "customer=R2; name=赵二; stream=居民户; usage_class=R; pay_mode=普通; kind=正常; branch=城南; from=2023-01-01",
        posts=False, date=False,
    ),
    _kind(
        "number_issue", "票据领用", "Number issue", "R22 C38",
        "series from_no to_no holder?",
        "date=2023-06-01; series=发票; from_no=00012001; to_no=00012500; holder=C01",
        posts=False,
    ),
    _kind(
        "opening_bills", "期初账单", "Opening bills", "E01",
        "customer bill_no bill_month account usage_class volume read_code net vat sewage water_resource"
        " surcharge tax_line? status settled_by? fund? bank? batch?",
        "customer=R7; bill_no=B-R7-04; bill_month=2023-04; account=1122.01; usage_class=R; volume=12; read_code=正常;"
        " net=26.40; vat=0.77; sewage=11.40; water_resource=3.00; surcharge=0.60; status=未结",
        number="bill_no", posts=False, date=False,
    ),
    _kind(
        "opening_items", "期初未达账项", "Opening items", "E01",
        "bank category item_date amount reference? reason?",
        "bank=工行0101; category=企业已收银行未收; item_date=2023-03-31; amount=200.00; reference=JK-0331; reason=银行漏记,已函询",
        posts=False, date=False,
    ),
    _kind(
        "opening", "期初余额", "Opening balances", "E01",
        "account debit? credit? branch? bank? cashier? customer? bill_month? fund? item? document? item_date?",
        "doc_no=QC-202305; date=2023-05-31; account=1122.01; debit=41.40; branch=城南; customer=R7;"
        " bill_month=2023-04; document=B-R7-04",
        one_of=("debit|credit",),
    ),
    # the drawer and the bills
    _kind(
        "number_void", "票据作废", "Number void", "C38",
        "series invoice reason copies?",
        "date=2023-06-09; series=发票; invoice=00012002; reason=打印错位; copies=3",
        number="invoice", posts=False,
    ),
    _kind(
        "drawer", "抽屉零钞", "Drawer", "C15",
        "cashier float",
        "date=2023-06-09; cashier=C01; float=500.00",
        posts=False,
    ),
    _kind(
        "reading", "未开账读数", "Readings without a bill", "E02",
        "customer bill_month read_code",
        "date=2023-06-05; customer=R6; bill_month=2023-06; read_code=未抄",
        posts=False, change={"read_code": {"values": _HOLD, "note": "超收或未抄,不开账"}},
    ),
    _kind(
        "charge", "水费开账", "Charges", "E02 E03",
        "customer bill_month usage_class volume read_code approval_no? bill? route? book_total?",
        "doc_no=B-R2; date=2023-06-05; customer=R2; bill_month=2023-06; usage_class=R; volume=28; read_code=正常; bill=120.80",
        change={"doc_no": {"aliases": ("账单号", "凭单号")}},
    ),
    _kind(
        "reduction", "冲减", "Reductions", "E04",
        "customer bill_month volume approval_no reason maker approver bill_no?",
        "date=2023-06-13; customer=E3; bill_month=2023-06; volume=10; approval_no=SQ-2023-001; reason=抄表差错;"
        " maker=制票班长; approver=抄收管理处长",
        number="approval_no", change={"volume": {"aliases": ("冲减水量",), "note": "冲减的立方米数,正数"}},
    ),
    _kind(
        "account_move", "账户变更", "Account moves", "E05",
        "customer bill_month? to_account approval_no change approver? bill_no?",
        "doc_no=XH-0601; date=2023-06-13; customer=E6; to_account=1122.05; approval_no=SQ-2023-002; change=销户; approver=抄收管理处长",
        number="approval_no", change={"bill_month": {"note": "空着:全部未结账单"}},
    ),
    _kind(
        "service", "停水复装", "Shut-off and reconnection", "E34",
        "customer step approval_no?",
        "date=2023-06-20; customer=R8; step=停水; approval_no=TS-2023-01",
        posts=False, change={"step": _steps("shut_off 停水", "reconnect 复装")},
    ),
    _kind(
        "back_charge", "监察补缴开账", "Back charges", "E21",
        "customer usage_class volume work_order bill_month? penalty? reduced? approver?",
        "doc_no=BI-E4; date=2023-06-12; customer=E4; usage_class=S; volume=40; work_order=JC-2023-07; bill_month=2023-06",
        change={"doc_no": {"aliases": ("账单号", "凭单号")}},
    ),
    _kind(
        "recovery", "坏账收回", "Bad debt recoveries", "E32",
        "customer bill_month amount approval_no? bill_no?",
        "doc_no=HS-2023-01; date=2023-06-28; customer=R8; bill_month=2020-06; amount=17.25",
        number="approval_no",
    ),
    _kind(
        "tm_sale", "TM卡售水", "TM card sales", "E14",
        "customer volume cashier amount? card_no? invoice?",
        "date=2023-06-13; customer=R5; volume=30; cashier=C01; amount=103.50; card_no=TM0005; invoice=SF-0301",
        number="invoice", change={"amount": {"note": "用来核对:须与计算出的金额相同"}},
    ),
    _kind(
        "invoice_unpaid", "已开票未收款", "Invoices printed, unpaid", "E18",
        "customer bill_month invoice cashier step bill_no?",
        "date=2023-06-26; customer=E4; bill_month=2023-06; invoice=00012101; cashier=C02; step=打印",
        number="invoice", step="step", change={"step": _steps("print 打印 开票", "clear 冲回 当日冲回")},
    ),
    # money at the counter
    _kind(
        "cash_receipt", "现金收费", "Cash receipts", "E06 E07",
        "customer amount cashier late_charge? invoice invoice_amount? invoice_name?",
        "date=2023-06-09; customer=R2; amount=120.80; cashier=C01; invoice=00012001",
        number="invoice", change={"invoice": {"zh": "发票号", "aliases": ("票据号", "发票号码", "票号")}},
    ),
    _kind(
        "removed_meter_receipt", "拆表欠费收款", "Removed-meter receipts", "E22",
        "customer amount late_charge? cashier invoice",
        "date=2023-06-12; customer=R6; amount=96.55; late_charge=10.30; cashier=C02; invoice=SF-0201",
        number="invoice",
    ),
    _kind(
        "back_charge_receipt", "监察补缴收款", "Back charge receipts", "E21",
        "customer amount cashier invoice",
        "date=2023-06-12; customer=E4; amount=328.00; cashier=C02; invoice=SF-0202",
        number="invoice",
    ),
    _kind(
        "partial_payment", "预收部分水费", "Partial payments", "E12",
        "customer amount cashier? bank? bank_ref? bill_month?",
        "doc_no=SL-0101; date=2023-06-12; customer=R7; amount=30.00; cashier=C02; bill_month=2023-04",
        number="bank_ref", one_of=("cashier|bank",),
        change={"doc_no": {"aliases": ("三联单号", "凭单号")}, "bill_month": {"note": "准备交的那个月"}},
    ),
    _kind(
        "general_deposit", "预存水费", "General deposits", "E12",
        "customer amount cashier? bank? bank_ref?",
        "doc_no=SL-0102; date=2023-06-12; customer=R2; amount=200.00; cashier=C01",
        number="bank_ref", one_of=("cashier|bank",), change={"doc_no": {"aliases": ("三联单号", "凭单号")}},
    ),
    _kind(
        "builder_prepayment", "预交水费", "Builder prepayments", "E15",
        "customer amount cashier? bank? bank_ref?",
        "doc_no=SL-0103; date=2023-06-16; customer=B1; amount=12,000.00; cashier=C02",
        number="bank_ref", one_of=("cashier|bank",), change={"doc_no": {"aliases": ("三联单号", "凭单号")}},
    ),
    _kind(
        "materials", "材料费", "Materials", "E23",
        "amount cashier invoice",
        "date=2023-06-13; amount=226.00; cashier=C01; invoice=SF-0302",
        number="invoice", change={"amount": {"note": "元,含税"}},
    ),
    # money through the bank
    _kind(
        "scan_receipt", "扫码收款", "Scan and POS receipts", "E08",
        "customer amount channel_no bank channel? cashier? invoice?",
        "date=2023-06-08; customer=R1; amount=41.40; channel_no=WX20230608001; bank=中行0202; channel=扫码",
        number="channel_no",
    ),
    _kind(
        "cheque_receipt", "支票收款", "Cheque receipts", "E09",
        "customer amount bank cheque_no lodged invoice? issue_date?",
        "date=2023-06-30; customer=E4; amount=820.00; bank=工行0101; cheque_no=ZP-0630; lodged=是; invoice=00012101;"
        " issue_date=2023-06-29",
        number="cheque_no",
    ),
    _kind(
        "slip_receipt", "临时回单收款", "Provisional slip receipts", "E10",
        "customer amount bank slip_no invoice?",
        "date=2023-06-16; customer=E3; amount=1,500.00; bank=中行0202; slip_no=LH-0616",
        number="slip_no", change={"slip_no": {"zh": "临时回单号", "aliases": ("回单号",)}},
    ),
    _kind(
        "transfer_receipt", "转账收款", "Transfer receipts", "E11 E29",
        "customer amount bank bank_ref invoice?",
        "date=2023-06-19; customer=E5; amount=1,190.00; bank=中行0202; bank_ref=BOC20230619007",
        number="bank_ref",
    ),
    _kind(
        "short_payment", "少转补缴", "Short payments made good", "E11",
        "customer bill_month amount source bank? bank_ref?",
        "date=2023-07-05; customer=E5; bill_month=2023-06; amount=10.00; source=转账; bank=中行0202; bank_ref=BOC20230705003",
        number="bank_ref", change={"bank": {"note": "来源为转账时填写"}},
        needs=(("source", "transfer", "bank"),),
    ),
    _kind(
        "collection_batch", "托收批次", "Collection batches", "E16",
        "batch customer bill_month amount bank channel? bill_no? payer_account? name? serial?",
        "date=2023-06-15; batch=TS202306; customer=E1; bill_month=2023-06; amount=4,800.00; bank=工行0101; channel=工行",
        number="batch", posts=False,
        change={
            "channel": {"values": _COLLECTION},
            "serial": {"zh": "送出序号", "aliases": ("托收序号",), "note": "这一笔在送出文件中的序号"},
        },
    ),
    _kind(
        "collection_result", "托收结果", "Collection results", "E16",
        "batch customer amount result bank? bill_month? bill_no? reason?",
        "doc_no=TSHD-0620-1; date=2023-06-20; batch=TS202306; customer=E1; amount=4,800.00; result=收回; bank=工行0101; bill_month=2023-06",
        change={"bank": {"note": "退票时空着"}},
        needs=(("result", "paid", "bank"),),
    ),
    _kind(
        "debit_batch", "代扣批次", "Direct debit batches", "E17",
        "batch bank customer bill_month bill_no amount payer_account name? serial",
        "date=2023-06-28; batch=DK20230628; bank=工行0101; customer=R3; bill_month=2023-06; bill_no=B-R3; amount=34.50;"
        " payer_account=6200000000000000003; name=孙三; serial=01",
        number="batch", posts=False,
        change={"batch": {"zh": "批号", "aliases": ("批次", "批次号", "代扣批号", "送盘批号"), "note": "代扣批号"}},
    ),
    _kind(
        "debit_slip", "划扣合计单", "Direct debit slips", "E17",
        "bank period count amount slip_no?",
        "date=2023-06-30; bank=工行0101; period=2023-06; count=2; amount=65.55; slip_no=HK-202306",
        number="slip_no", change={"slip_no": {"zh": "合计单号", "aliases": ("回单号", "划扣单号")}},
    ),
    _kind(
        "debit_list", "划扣明细", "Direct debit lists", "E17",
        "slip_no period customer amount result reason? bill_month? bill_no? batch?",
        "date=2023-07-03; slip_no=HK-202306; period=2023-06; customer=R3; amount=34.50; result=成功; bill_month=2023-06",
        number="slip_no",
        change={
            "slip_no": {"zh": "合计单号", "aliases": ("回单号", "划扣单号")},
            "result": _steps("success 成功", "failed 失败", "duplicate 重复", "partial 部分 部分成功"),
            "batch": {"zh": "批号", "aliases": ("批次", "批次号", "代扣批号", "送盘批号"), "note": "代扣批号"},
        },
    ),
    _kind(
        "scan_settlement", "扫码清算", "Scan and POS settlements", "E08",
        "bank gross fee net channel? trade_date?",
        "doc_no=QS-0609; date=2023-06-09; bank=中行0202; gross=41.40; fee=0.25; net=41.15; channel=扫码; trade_date=2023-06-08",
        change={"net": {"zh": "到账额", "aliases": ("到账金额", "净额"), "type": "money", "note": "实际到账的金额"}},
    ),
    _kind(
        "cheque_lodged", "支票进账", "Cheques lodged", "E09",
        "cheque_no amount bank",
        "date=2023-06-30; cheque_no=ZP-0630; amount=820.00; bank=工行0101",
        number="cheque_no",
    ),
    _kind(
        "slip_arrival", "临时回单到账", "Slip arrivals", "E10",
        "slip_no amount bank",
        "date=2023-06-19; slip_no=LH-0616; amount=1,500.00; bank=中行0202",
        number="slip_no", change={"slip_no": {"zh": "临时回单号", "aliases": ("回单号",)}},
    ),
    _kind(
        "unidentified", "不明来款", "Unidentified receipts", "E31",
        "bank amount bank_ref",
        "date=2023-06-19; bank=工行0101; amount=600.00; bank_ref=ICBC20230619011",
        number="bank_ref",
    ),
    _kind(
        "identify", "不明来款确认", "Receipts identified", "E31",
        "bank_ref customer amount",
        "date=2023-06-21; bank_ref=ICBC20230619011; customer=E2; amount=600.00",
        number="bank_ref",
    ),
    _kind(
        "tm_recognition", "TM卡应收确认", "TM card recognition", "E14",
        "customer volume bill_month",
        "doc_no=B-TM; date=2023-06-25; customer=R5; volume=30; bill_month=2023-06",
        change={"doc_no": {"aliases": ("账单号", "凭单号")}},
    ),
    _kind(
        "slip_expired", "临时回单未到", "Slips expired", "E10",
        "slip_no customer amount bank reason",
        "doc_no=LHX-0730; date=2023-07-30; slip_no=LH-0629; customer=E6; amount=96.00; bank=中行0202; reason=满31日未到账",
        number="slip_no", change={"slip_no": {"zh": "临时回单号", "aliases": ("回单号",)}},
    ),
    _kind(
        "returned_payment", "退票", "Returned payments", "E30",
        "original reason customer? amount? bank? cheque_no?",
        "doc_no=TP-0703; date=2023-07-03; original=cheque_receipt/ZP-0630; reason=存款不足; customer=E4; amount=820.00",
        change={"original": {"note": "退回的那笔收款:类别/单据号"}},
    ),
    _kind(
        "apply_advance", "预收冲欠费", "Advances applied", "E13",
        "customer",
        "doc_no=YC-0626; date=2023-06-26; customer=R7",
    ),
    # the day's end: the drawer counted, the money banked
    _kind(
        "cash_difference", "长短款", "Cash over and short", "E20",
        "cashier amount step original? customer? approver?",
        "doc_no=DK-0609; date=2023-06-09; cashier=C01; amount=-5.00; step=发现",
        change={
            "amount": {"type": "signed", "aliases": (), "note": "长款为正,短款为负,各步骤符号相同"},
            "step": _steps(
                "found 发现", "assigned 定责", "made_good 补齐", "payer 找到付款人 付款人",
                "income 转收入 转营业外收入", "loss 转损失 转费用",
            ),
            "original": {"note": "“发现”那一步的单据号,只有“发现”空着"},
        },
        needs=(
            ("step", "assigned", "original"),
            ("step", "made_good", "original"),
            ("step", "payer", "original"),
            ("step", "payer", "customer"),
            ("step", "income", "original"),
            ("step", "loss", "original"),
        ),
    ),
    _kind(
        "cash_deposit", "现金缴存", "Cash deposits", "E19",
        "cashier bank fund amount slip_no carried_by?",
        "doc_no=JC-0609; date=2023-06-09; cashier=C01; bank=工行0101; fund=水费; amount=120.80; slip_no=JK-0609; carried_by=王芳、李军",
        number="slip_no", change={"slip_no": {"zh": "缴款单号", "aliases": ("现金缴款单号",)}},
    ),
    _kind(
        "interest", "存款利息", "Bank interest", "E24",
        "bank amount advice_no",
        "date=2023-06-21; bank=工行0101; amount=12.34; advice_no=LX-0621",
        number="advice_no",
    ),
    _kind(
        "bank_charge", "银行误扣手续费", "Bank charges", "E25",
        "bank amount advice_no step original? approver?",
        "date=2023-07-04; bank=工行0101; amount=15.00; advice_no=SX-0630; step=扣收",
        number="advice_no", step="step",
        change={
            "step": _steps("taken 扣收 误扣", "refunded 退回", "ours 本单位承担 承担"),
            "original": {"note": "“扣收”那一步的单据号"},
        },
        needs=(("step", "refunded", "original"), ("step", "ours", "original")),
    ),
    # money handed up
    _kind(
        "levy_remittance", "上缴代征", "Levy remittances", "E28",
        "bank levy amount form_no payee maker checker approver period? way? cheque_no?",
        "doc_no=CZ-0615; date=2023-06-15; bank=工行0101; levy=污水处理费; amount=2,850.00; form_no=CZ-0615;"
        " payee=财政专户; maker=收费班长; checker=明细账会计; approver=财务部负责人; period=2023-05; way=网银",
        number="form_no",
        change={"period": {"zh": "所属月", "aliases": ("期间", "所属期")}, "way": _steps("online 网银 网上银行", "cheque 支票 转账支票")},
    ),
    _kind(
        "head_office_transfer", "向总公司转款", "Transfers to head office", "E26",
        "bank fund amount payee maker checker approver bank_ref? reason?",
        "doc_no=ZK-0629; date=2023-06-29; bank=工行0101; fund=水费; amount=9,435.80; payee=总公司财务部;"
        " maker=收费班长; checker=明细账会计; approver=财务部负责人; bank_ref=ICBC20230629002",
        number="bank_ref", change={"doc_no": {"aliases": ("转款单号", "凭单号")}, "reason": {"note": "超过可转余额时写明理由"}},
    ),
    _kind(
        "head_office_receipt", "总公司收款收据", "Head-office receipts", "E27",
        "transfer_no fund amount",
        "doc_no=SJ-0630; date=2023-06-30; transfer_no=ZK-0629; fund=水费; amount=9,435.80",
        change={"doc_no": {"aliases": ("收据号", "凭单号")}},
    ),
    # the accountant's
    _kind(
        "refund", "退款", "Refunds", "E29",
        "customer amount way notice_no? staff?",
        "doc_no=TK-0701; date=2023-06-28; customer=E3; amount=108.00; way=总公司; notice_no=TZ-2023-09",
        number="notice_no",
        change={
            "way": _steps("head_office 总公司", "clerk 责任人 经办人", "bank 银行"),
            "staff": {"note": "方式为责任人时填写"},
        },
        needs=(("way", "clerk", "staff"),),
    ),
    _kind(
        "head_office_tax", "总公司代缴税款", "Tax paid by head office", "E33",
        "amount notice_no",
        "date=2023-06-14; amount=1,234.56; notice_no=SD-2023-05",
        number="notice_no",
    ),
    _kind(
        "levy_commission", "代征手续费", "Levy commission", "E35",
        "amount notice_no tax?",
        "date=2023-06-28; amount=106.00; notice_no=SXF-2023-01; tax=6.00",
        number="notice_no", change={"amount": {"note": "元,含税"}},
    ),
    _kind(
        "bad_debt", "坏账核销", "Bad debts written off", "E32",
        "customer bill_month approval_no bill_no?",
        "date=2023-06-27; customer=R8; bill_month=2020-06; approval_no=HX-2023-03",
        number="approval_no",
    ),
    _kind(
        "provision", "坏账计提", "Bad debt provision", "E32",
        "amount approval_no?",
        "doc_no=JT-202306; date=2023-06-30; amount=100.00",
        number="approval_no",
    ),
)
# fmt: on

KINDS: dict[str, Kind] = {kind.name: replace(kind, order=order) for order, kind in enumerate(_TABLE, start=1)}
"""Every kind by name, in the event order of a day."""


@cache
def _kind_names() -> dict[str, str]:
    return {match_key(text): kind.name for kind in KINDS.values() for text in (kind.zh, kind.en, kind.name)}


def kind_of(text: str) -> Kind:
    """The kind by its name, Chinese or English.

    Raises:
        NotFound: no kind is called so; the message names the nearest one.
    """
    name = _kind_names().get(match_key(text))
    if name is None:
        near = nearest(text, (spelling for k in KINDS.values() for spelling in (k.zh, k.name)))
        message = _("没有“{text}”这类单据").format(text=text)
        if near:
            message += _(";是否指“{near}”?").format(near=near)
        raise NotFound(message)
    return KINDS[name]


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The known name most like the text, or None where none is alike."""
    from difflib import get_close_matches  # only on the way to a message

    by_key = {match_key(name): name for name in known}
    close = get_close_matches(match_key(text), by_key, n=1, cutoff=0.5)
    return by_key[close[0]] if close else None
