{{ repeated_rows('policies') }}
