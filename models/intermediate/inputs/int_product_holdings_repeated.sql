{{ repeated_rows('product_holdings') }}
