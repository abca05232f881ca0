{{ repeated_rows('customers') }}
