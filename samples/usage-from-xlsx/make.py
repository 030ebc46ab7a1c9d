"""Writes license_consumption.xlsx: CUIC's Flex view as a workbook, shared strings and Excel's serial dates."""
import zipfile
from pathlib import Path

HEAD = ["Date", "Time", "Maximum Standard Seats", "Maximum Premium Seats"]
ROWS = [(46114, 0.41666666666666669, 90, 0), (46114, 0.42708333333333331, 110, 0), (46114, 0.4375, 120, 0)]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

strings = "".join(f"<si><t>{name}</t></si>" for name in HEAD)
head = "".join(f'<c r="{"ABCD"[at]}1" t="s"><v>{at}</v></c>' for at in range(4))
rows = "".join(
    f'<row r="{at}">' + "".join(f'<c r="{"ABCD"[column]}{at}"><v>{value}</v></c>' for column, value in enumerate(row)) + "</row>\n"
    for at, row in enumerate(ROWS, start=2)
)
parts = {
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>\n<row r="1">{head}</row>\n{rows}</sheetData></worksheet>',
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" count="4" uniqueCount="4">{strings}</sst>',
}
with zipfile.ZipFile(Path(__file__).parent / "license_consumption.xlsx", "w", zipfile.ZIP_DEFLATED) as out:
    for name, text in parts.items():
        out.writestr(zipfile.ZipInfo(name, (2026, 4, 2, 12, 0, 0)), DECLARATION + text, zipfile.ZIP_DEFLATED)
