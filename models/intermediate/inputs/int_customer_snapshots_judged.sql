{{ judged_rows('customer_snapshots') }}
