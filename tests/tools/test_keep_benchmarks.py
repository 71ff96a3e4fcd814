"""The table of benchmarks has what the report said, and the machine."""

from tools.keep_benchmarks import rows


def test_a_report_becomes_a_table():
    report = {
        "machine_info": {"cpu": {"brand_raw": "A processor", "count": 2}},
        "benchmarks": [
            {"name": "test_step[64]", "stats": {"min": 0.0123456789}, "extra_info": {"width": 64}},
            {"name": "test_memory[64]", "stats": {"min": 1.5}, "extra_info": {"megabytes": 300.0}},
        ],
    }
    table = rows(report)
    assert list(table["seconds"]) == [0.012346, 1.5]
    assert table.loc[1, "megabytes"] == 300
    assert set(table["machine"]) == {"A processor, 2 cores"}
