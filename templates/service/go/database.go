package main

import (
	"context"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type database struct{ *pgxpool.Pool }

// openDatabase returns nil when the service is not told of a database.
func openDatabase(ctx context.Context) (*database, error) {
	file := os.Getenv("DATABASE_URL_FILE")
	if file == "" {
		return nil, nil
	}
	url, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(strings.TrimSpace(string(url)))
	if err != nil {
		return nil, err
	}
	config.MaxConns = 5
	// The pooler gives each transaction another connection: what was prepared on one is not there on the next.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &database{pool}, nil
}

// forCaller runs work in one transaction that acts for the caller. The three settings are local to the transaction:
// the pooler gives the connection to somebody else afterwards.
func (d *database) forCaller(ctx context.Context, c Caller, work func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),
			set_config('app.role', $3, true)`, c.Tenant, c.User, c.Role)
		if err != nil {
			return err
		}
		return work(tx)
	})
}

// whoami asks Postgres whom it acts for. In its place put your own query: rows of other tenants are not there for it.
func (d *database) whoami(ctx context.Context, c Caller) (map[string]string, error) {
	if d == nil {
		return nil, nil
	}
	var tenant, user string
	err := d.forCaller(ctx, c, func(tx pgx.Tx) error {
		query := `select tenancy.current_tenant_id()::text, tenancy.current_user_id()::text`
		return tx.QueryRow(ctx, query).Scan(&tenant, &user)
	})
	return map[string]string{"tenant": tenant, "user": user}, err
}

// answers says whether the service can do its work: the database answers, or none is used.
func (d *database) answers(ctx context.Context) bool {
	return d == nil || d.Ping(ctx) == nil
}
