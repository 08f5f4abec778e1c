// The whole syntax tree. See ast_expression.h, ast_query.h and ast_statement.h.
#pragma once

#include "sql/ast_expression.h"
#include "sql/ast_query.h"
#include "sql/ast_statement.h"
