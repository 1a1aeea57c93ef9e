"""Stream management by the book (XEP-0198): what is counted, and what has to be sent again."""

from testcall_conformance.reference.client.ledger import Ledger


def test_nothing_is_counted_before_it_is_enabled():
    ledger = Ledger()
    ledger.sent("a")
    ledger.took()
    ledger.enable()
    assert (ledger.handled, ledger.unacknowledged) == (0, [])


def test_what_was_acknowledged_is_not_sent_again():
    ledger = Ledger()
    ledger.enable()
    for stanza in ("a", "b", "c"):
        ledger.sent(stanza)
    ledger.acknowledge(2)
    assert ledger.unacknowledged == ["c"]
    ledger.acknowledge(2)
    assert ledger.unacknowledged == ["c"]
    ledger.sent("d")
    ledger.acknowledge(4)
    assert ledger.unacknowledged == []


def test_counters_wrap():
    ledger = Ledger(handled=2**32 - 1)
    ledger._active = True
    ledger.took()
    assert ledger.handled == 0
    ledger._acknowledged = 2**32 - 1
    ledger.sent("a")
    ledger.acknowledge(0)
    assert ledger.unacknowledged == []


def test_only_a_stream_with_an_id_is_resumable():
    assert not Ledger().resumable
    assert Ledger(ident="x").resumable
