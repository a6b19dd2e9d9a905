"""Makes the sample's logs and rates: python make.py (needs pyarrow). The same seed gives the same rows."""
import datetime as dt
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
R = random.Random(20260101)
UTC = dt.timezone.utc
MONEY = [("event_id", pa.string()), ("event_time", pa.timestamp("us", "UTC")), ("kind", pa.string()), ("creator_id", pa.string()),
         ("payer_id", pa.string()), ("payer_country", pa.string()), ("amount_minor", pa.int64()), ("tax_minor", pa.int64()),
         ("channel_fee_minor", pa.int64()), ("currency", pa.string()), ("original_id", pa.string()), ("original_time", pa.timestamp("us", "UTC"))]
OWN = {
    "subscriptions": [("subscription_id", pa.string()), ("tier", pa.string()), ("channel", pa.string()), ("tenure_months", pa.int64()),
                      ("period_start", pa.date32()), ("period_end", pa.date32())],
    "commerce": [("order_id", pa.string()), ("product_id", pa.string()), ("seller_id", pa.string()), ("category", pa.string()),
                 ("commission_bps", pa.int64())],
    "brand_deals": [("campaign_id", pa.string()), ("brand_id", pa.string())],
    "adjustments": [("party_id", pa.string()), ("reason", pa.string()), ("requested_by", pa.string()), ("approved_by", pa.string())],
}
ENGAGEMENT = [("event_id", pa.string()), ("event_time", pa.timestamp("us", "UTC")), ("kind", pa.string()), ("creator_id", pa.string()),
              ("payer_id", pa.string()), ("payer_country", pa.string()), ("content_id", pa.string()), ("content_kind", pa.string()),
              ("audience", pa.string()), ("seconds", pa.int64()), ("likes", pa.int64()), ("comments", pa.int64()), ("views", pa.int64())]
GIFTS = [("gift_event", pa.string()), ("happened_at", pa.timestamp("ms", "UTC")), ("streamer", pa.string()), ("viewer", pa.string()),
         ("viewer_country", pa.string()), ("price", pa.string()), ("store_fee_minor", pa.int64()), ("currency", pa.string()),
         ("refund_of", pa.string()), ("refund_of_time", pa.timestamp("ms", "UTC")), ("room", pa.string()), ("gift", pa.string()), ("quantity", pa.int64())]
SCHEMAS = {**{log: MONEY + own for log, own in OWN.items()}, "engagement": ENGAGEMENT, "gifts": GIFTS}
rows = {log: [] for log in SCHEMAS}
HOME = {"ana": "EUR", "bruno": "EUR", "chika": "JPY", "dara": "USD", "eli": "USD", "fado_duo": "EUR"}


def when(month, day, hour=None):
    return dt.datetime(2026, month, day, R.randrange(24) if hour is None else hour, R.randrange(60), R.randrange(60), tzinfo=UTC)


def add(log, **row):
    rows[log].append(row)
    return row


def back(log, charge, new_id, kind, time, **change):
    """The row that takes a charge back."""
    row = dict(charge, event_id=new_id, kind=kind, event_time=time, original_id=charge["event_id"], original_time=charge["event_time"])
    row.update(change)
    return add(log, **row)


# subscriptions: 60 LIVE and 40 members a month
subs = []
for month in (1, 2, 3):
    for n in range(100):
        tier = "live" if n < 60 else "member"
        creator = R.choice(list(HOME))
        currency = HOME[creator]
        price = {"EUR": 499, "USD": 499, "JPY": 610}[currency] if tier == "live" else {"EUR": 999, "USD": 999, "JPY": 1200}[currency]
        channel = R.choice(["ios", "android", "web"])
        time = when(month, R.randrange(1, 29))
        tax = price - price * 100 // 123 if currency == "EUR" and channel == "web" else None
        subs.append(add("subscriptions", event_id=f"s{month}{n:03}", event_time=time, kind=R.choice(["start", "renew", "renew", "gift"]),
                        creator_id=creator, payer_id=f"p{R.randrange(200)}", payer_country=R.choice(["PT", "US", "JP", "DE"]), amount_minor=price,
                        tax_minor=tax, currency=currency, subscription_id=f"sub-{n}", tier=tier, channel=channel, tenure_months=R.randrange(1, 9),
                        period_start=time.date(), period_end=time.date() + dt.timedelta(30)))
january = [s for s in subs if s["event_time"].month == 1]
for n, charge in enumerate(R.sample(january, 6)):                          # refunds in February
    back("subscriptions", charge, f"r2{n:02}", "refund", when(2, 3 + n))
lost = next(s for s in january if s["creator_id"] == "dara" and s["tier"] == "live")
if lost:
    cb = back("subscriptions", lost, "cb201", "chargeback", when(2, 14))     # lost in February, won back in March
    back("subscriptions", cb, "cw301", "chargeback_won", when(3, 9))
half = next(s for s in january if s["tier"] == "member" and s["creator_id"] in ("ana", "fado_duo"))
back("subscriptions", half, "r3h1", "refund", when(3, 5), amount_minor=half["amount_minor"] // 2, tax_minor=None)
add("subscriptions", **dict(january[0], event_id="s-orphan", kind="refund", event_time=when(3, 20), original_id="s-from-before", original_time=None))
add("subscriptions", **dict(january[1], event_id="s-noted", currency="EURO"))                       # unknown currency
add("subscriptions", **dict(january[2], event_id=None))                                             # no id
add("subscriptions", **dict(january[3], event_id="s-vip", tier="vip"))                              # no program rates it
add("subscriptions", **dict(january[4], event_id="s-ghost", creator_id="nobody"))                   # unknown creator
too_much = next(s for s in january if s["creator_id"] == "eli")
back("subscriptions", too_much, "r2big", "refund", when(2, 20), amount_minor=too_much["amount_minor"] + 1, tax_minor=None)

# gifts, in the gift service's own columns
for month in (1, 2, 3):
    for n in range(80):
        creator = R.choice(list(HOME))
        currency = HOME[creator] if R.random() < 0.8 else R.choice(["EUR", "USD", "JPY", "GBP"])
        price = R.choice([1, 2, 5, 20, 50])
        text = str(price * 100 + 10) if currency == "JPY" else f"{price}.{R.choice(['00', '49', '99'])}"
        stated = int(text.replace(".", "")) * 15 // 100 if R.random() < 0.5 else None
        add("gifts", gift_event=f"g{month}{n:03}", happened_at=when(month, R.randrange(1, 29)), streamer=creator, viewer=f"p{R.randrange(200)}",
            viewer_country="US", price=text, store_fee_minor=stated, currency=currency, room=f"live-{R.randrange(30)}" if n % 20 else "test-1",
            gift=R.choice(["rose", "lion", "galaxy"]), quantity=1)
sent = [g for g in rows["gifts"] if g["happened_at"].month == 1 and g["store_fee_minor"] is None and not g["room"].startswith("test")][0]
add("gifts", **dict(sent, gift_event="gr201", happened_at=when(2, 2), refund_of=sent["gift_event"], refund_of_time=sent["happened_at"]))
add("gifts", **dict(rows["gifts"][5], gift_event="g1dust", price="0.005", currency="EUR"))           # finer than a cent
add("gifts", **dict(rows["gifts"][7], price="1.05", currency="EUR"))                               # conflicts with itself

# commerce
for month in (1, 2, 3):
    for n in range(40):
        gross = R.randrange(900, 20000)
        time = when(month, R.randrange(1, 29))
        order = add("commerce", event_id=f"c{month}{n:03}", event_time=time, kind="order", creator_id=R.choice(["ana", "bruno", "fado_duo"]),
                    payer_id=f"p{R.randrange(200)}", payer_country="PT", amount_minor=gross, tax_minor=gross - gross * 100 // 123,
                    currency="EUR", order_id=f"o{month}{n}", product_id=R.choice(["mug", "lamp", "print"]), seller_id="shop-1", category="home",
                    commission_bps=R.choice([850, 1000, 1250]))
        if n % 5 == 0:
            back("commerce", order, f"cd{month}{n}", "delivered", time + dt.timedelta(3), amount_minor=None, tax_minor=None, currency=None,
                 original_id=None, original_time=None)
        if n % 9 == 0:
            back("commerce", order, f"cr{month}{n}", "return", time + dt.timedelta(12), amount_minor=gross // 2, tax_minor=None)
add("commerce", **dict(rows["commerce"][0], event_id="c1tax", tax_minor=rows["commerce"][0]["amount_minor"] + 1))

# brand deals: dara crosses 5,000.00 EUR of a lifetime in February
for month, day, creator, minor, currency in [(1, 9, "dara", 390000, "USD"), (1, 21, "fado_duo", 120000, "EUR"), (2, 11, "dara", 260000, "USD"),
                                             (3, 4, "dara", 90000, "USD"), (3, 18, "chika", 450000, "JPY")]:
    add("brand_deals", event_id=f"b{month}{day:02}", event_time=when(month, day), kind="milestone", creator_id=creator, amount_minor=minor,
        currency=currency, campaign_id=f"k{month}", brand_id="tagus-tea")

# engagement
for month in (1, 2, 3):
    for creator in HOME:
        for day in range(2, 28, 3):
            add("engagement", event_id=f"v{month}{creator}{day}", event_time=when(month, day), kind="view", creator_id=creator, content_id=f"{creator}-{day}",
                content_kind="video", audience="all", views=R.randrange(4000, 26000))
        for day in (3, 9, 15, 22):
            add("engagement", event_id=f"w{month}{creator}{day}", event_time=when(month, day), kind="post", creator_id=creator,
                content_id=f"{creator}-s{day}", content_kind="video", audience="subscribers")

# adjustments
add("adjustments", event_id="a101", event_time=when(1, 29), kind="credit", amount_minor=2500, currency="EUR", party_id="bruno",
    reason="prize of the winter song contest", requested_by="Rita Moura", approved_by="Hugo Sá")
add("adjustments", event_id="a201", event_time=when(2, 12), kind="debit", amount_minor=1800, currency="EUR", party_id="ana",
    reason="studio key lost", requested_by="Rita Moura", approved_by="Hugo Sá")
add("adjustments", event_id="a301", event_time=when(3, 12), kind="credit", amount_minor=9900, currency="EUR", party_id="ana",
    reason="welcome present", requested_by="Rita Moura", approved_by=" rita moura")

add("adjustments", event_id="a302", event_time=when(3, 17), kind="credit", amount_minor=10000, currency="EUR", party_id="singer",
    reason="travel to the spring concert", requested_by="Rita Moura", approved_by="Hugo Sá")

for log, schema in SCHEMAS.items():
    key = "happened_at" if log == "gifts" else "event_time"
    for month in (1, 2, 3):
        part = [r for r in rows[log] if r[key].month == month]
        if log == "commerce" and month == 2:
            part += [r for r in rows[log] if r[key].month == 1][:3]                                  # delivered again: duplicates
        columns = {name: pa.array([r.get(name) for r in part], kind) for name, kind in schema}
        path = HERE / "logs" / log / f"2026-{month:02}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path, compression="zstd")

with open(HERE / "refs" / "fx_rates.csv", "w", encoding="utf-8", newline="\n") as f:
    f.write("date,currency,rate\n")
    usd, jpy = 11700, 18400
    day = dt.date(2025, 12, 22)
    while day <= dt.date(2026, 3, 31):
        if day.weekday() < 5:
            usd, jpy = usd + R.randrange(-60, 61), jpy + R.randrange(-120, 121)
            f.write(f"{day},USD,{usd // 10000}.{usd % 10000:04}\n{day},JPY,{jpy // 100}.{jpy % 100:02}\n")
            if day <= dt.date(2026, 2, 13):                                                          # GBP ends: its February is held
                f.write(f"{day},GBP,0.8{R.randrange(600, 720)}\n")
        day += dt.timedelta(1)
