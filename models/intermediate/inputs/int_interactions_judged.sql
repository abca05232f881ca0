{{ judged_rows('interactions') }}
