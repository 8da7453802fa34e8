-- The database of the shop in data/bronze/shop: the tables that its contract
-- (data/bronze/shop/datapackage.yaml) loads, and a few fictitious rows to begin with.
--
-- `sluice start` applies this file, and so does Postgres in Docker, as an init file. It is safe to
-- run again: what exists stays as it is. Sluice's own schema, `sluice`, is not made here but by
-- the ledger.
--
-- Types follow the contract: integer and year are bigint, a number is numeric(p,s) where the
-- contract gives its decimals and double precision where not, datetime is timestamp, object jsonb.
-- NOT NULL stands where the contract says `required`, so that a row which was accepted always fits.
-- What else the contract checks (enum, minimum, unique within a file) is left to it: a row that
-- breaks a rule of the contract is a reject with its reason, while one that breaks a rule which
-- only the database knows would make the whole load fail.

create schema if not exists shop;

-- No file brings stores: they are kept here by hand.
create table if not exists shop.stores (
  store_id bigint primary key,
  name text not null,
  city text not null,
  state text not null,
  opened_on date not null,
  opens_at time not null,
  active boolean not null,
  _object_id bigint
);

-- `_object_id`, in every table: the object (sluice.objects) that a row came from; negative: a row of
-- an earlier version of it, kept for children; null for rows that no object brought, such as those
-- at the end of this file.
create table if not exists shop.customers (
  customer_id bigint primary key,
  name text not null,
  email text not null,
  address text,
  city text not null,
  state text not null,
  postal_code text,
  birth_date date,
  newsletter boolean not null,
  created_at timestamp not null,
  _object_id bigint
);

create table if not exists shop.products (
  product_id bigint primary key,
  sku text not null,
  name text not null,
  category text not null,
  description text,
  price numeric(10, 2) not null,
  weight_kg double precision,
  launched bigint,
  attributes jsonb,
  _object_id bigint
);

-- `store_id` has no foreign key: the contract does not name shop.stores as a parent, which it could
-- (`sluice.references`), so an unknown store would be a fault of the database instead of an order
-- that waits.
create table if not exists shop.orders (
  order_id bigint primary key,
  customer_id bigint not null references shop.customers (customer_id),
  store_id bigint not null,
  status text not null,
  payment text not null,
  total numeric(12, 2) not null,
  ordered_at timestamp not null,
  shipped_on date,
  gift boolean not null,
  _object_id bigint
);

create table if not exists shop.order_items (
  order_id bigint not null references shop.orders (order_id),
  line_no bigint not null,
  product_id bigint not null references shop.products (product_id),
  quantity bigint not null,
  unit_price numeric(10, 2) not null,
  _object_id bigint,
  primary key (order_id, line_no)
);

-- Postgres looks for children when a parent goes, and would read the whole table for each.
create index if not exists orders_customer_id on shop.orders (customer_id);
create index if not exists order_items_product_id on shop.order_items (product_id);

insert into shop.stores (store_id, name, city, state, opened_on, opens_at, active) values
  (1, 'Feira da Sé', 'São Paulo', 'SP', '2018-03-12', '09:00', true),
  (2, 'Armazém do Porto', 'Recife', 'PE', '2018-11-05', '08:30', true),
  (3, 'Empório Savassi', 'Belo Horizonte', 'MG', '2019-06-21', '10:00', true),
  (4, 'Casa do Ipê', 'Goiânia', 'GO', '2020-02-03', '09:00', true),
  (5, 'Mercado das Águas', 'Manaus', 'AM', '2021-08-16', '08:00', true),
  (6, 'Bazar da Lagoa', 'Florianópolis', 'SC', '2022-04-25', '10:00', true),
  (7, 'Quitanda do Farol', 'Salvador', 'BA', '2023-01-30', '08:30', true),
  (8, 'Loja virtual', 'Campinas', 'SP', '2019-01-02', '00:00', true)
on conflict do nothing;

-- Customers and products from before the files: their keys lie below those of the CSVs.
insert into shop.customers
  (customer_id, name, email, address, city, state, postal_code, birth_date, newsletter, created_at)
values
  (1, 'Aurora Brandão', 'aurora.brandao@example.com', 'Rua Maracujá, 10', 'São Paulo', 'SP', '01001-001', '1984-05-17', true, '2022-02-01T10:15:00'),
  (2, 'Benício Uchôa', 'benicio.uchoa@example.com', 'Praça do Coreto, 3', 'Olinda', 'PE', '53002-020', '1971-12-02', false, '2022-02-03T16:40:12'),
  (3, 'Cecília Peçanha', 'cecilia.pecanha@example.com', null, 'Niterói', 'RJ', '24003-300', null, true, '2022-03-19T08:05:59'),
  (4, 'Damião Lacerda', 'damiao.lacerda@example.com', 'Travessa da Maré, 451', 'Belém', 'PA', null, '1999-02-28', false, '2022-07-07T21:30:00')
on conflict do nothing;

insert into shop.products
  (product_id, sku, name, category, description, price, weight_kg, launched, attributes)
values
  (1, '900001', 'Vale-presente', 'papelaria', 'Vale em qualquer loja.', 100.00, null, 2018, null),
  (2, '900002', 'Sacola de algodão', 'casa', null, 14.90, 0.12, 2018, '{"cor": "cru"}'),
  (3, '900003', 'Embalagem para presente', 'papelaria', null, 6.50, 0.05, 2019, '{"cor": "azul"}'),
  (4, '900004', 'Caneca esmaltada', 'cozinha', 'Linha de abertura das lojas.', 39.90, 0.2, 2018, '{"cor": "verde"}')
on conflict do nothing;
