{{ repeated_rows('interactions') }}
