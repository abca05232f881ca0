{{ judged_rows('product_holdings') }}
