"""An archive (.xlsx) is weighed before anything in it is unpacked."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import Final

from ledger.i18n import _

RATIO_MAX: Final = 100
RATIO_FROM: Final = 4 * 2**20
"""The ratio counts from this unpacked size on; small repetitive parts compress well."""
MEMBERS_MAX: Final = 1000


class Unfit(Exception):
    """Not to be unpacked; ``code`` is ``format``, ``password`` or ``size``."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def members(content: bytes, unpacked_max: int) -> frozenset[str]:
    """The names in an archive that may be unpacked: to at most ``unpacked_max`` bytes as it declares.

    What it declares may be false: whoever unpacks it still keeps within limits.

    Raises:
        Unfit: damaged, locked, linked, doubled, or a bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, OverflowError) as error:
        raise Unfit(_("工作簿已损坏,请在 Excel 中打开并另存一次({error})").format(error=error), "format") from error
    total = sum(member.file_size for member in found)
    packed = sum(member.compress_size for member in found) or 1
    if any(member.flag_bits & 0x1 for member in found):
        raise Unfit(_("工作簿有密码保护,请另存为无密码的文件"), "password")
    if len(found) > MEMBERS_MAX or total > unpacked_max or (total > RATIO_FROM and total > RATIO_MAX * packed):
        message = _("工作簿展开后过大({size} MB,{count} 个部件),请改交 CSV")
        raise Unfit(message.format(size=total >> 20, count=len(found)), "size")
    names = frozenset(member.filename for member in found)
    if len(names) < len(found) or any(stat.S_ISLNK(member.external_attr >> 16) for member in found):
        raise Unfit(_("压缩包中有链接或重名的部件,不是正常的工作簿"), "format")
    return names
