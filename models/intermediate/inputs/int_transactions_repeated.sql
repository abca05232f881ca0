{{ repeated_rows('transactions') }}
