-- liabilities: What is owed to parties, tax offices and channels, rolled forward from opening to closing?
-- Grain: period, account, currency
-- Key:   period, account, currency
-- Reads: balances
-- Why:   opening + added - taken away = closing; what is owed is positive here, though a credit in the ledger.
select
    period, account, currency,
    -sum(opening_minor) as opening_minor,
    sum(credit_minor) as added_minor,
    sum(debit_minor) as taken_minor,
    -sum(closing_minor) as closing_minor,
    major(-sum(opening_minor), currency) as opening,
    major(sum(credit_minor), currency) as added,
    major(sum(debit_minor), currency) as taken,
    major(-sum(closing_minor), currency) as closing
from balances
where account in (
    'party_payable', 'party_held', 'party_reserve', 'tax_payable', 'withholding_payable', 'channel_fees', 'suspense',
    'payout_clearing'
)
group by period, account, currency
order by period, account, currency
