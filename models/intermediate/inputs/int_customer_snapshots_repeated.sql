{{ repeated_rows('customer_snapshots') }}
